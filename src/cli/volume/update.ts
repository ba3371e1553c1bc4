import { volumesOf } from '../../client/volumes.ts';
import { EngineError } from '../../errors.ts';
import { type CommandDef, exactly, string } from '../command.ts';

export const command: CommandDef = {
	usage: '[VOLUME]',
	summary: 'Change a cluster volume',
	arity: exactly(1),
	flags: [string('availability', '', 'Who may use it: active, pause or drain', 'active')],
	async run(context, flags, [name = '']) {
		const volumes = volumesOf(await context.client());
		const { ClusterVolume: cluster } = await volumes.inspectCluster(name);
		if (cluster === undefined || cluster === null) {
			throw new EngineError('invalid_argument', 'can only update cluster volumes');
		}
		const Spec = flags.changed('availability')
			? { ...cluster.Spec, Availability: flags.string('availability') }
			: cluster.Spec;
		await volumes.update(cluster.ID ?? '', cluster.Version?.Index ?? 0, { Spec });
		return 0;
	},
};
