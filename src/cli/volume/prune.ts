import { pruneOf } from '../../client/prune.ts';
import { EngineError } from '../../errors.ts';
import { bool, type CommandDef, noArguments } from '../command.ts';
import { confirm, printPruned, pruneFilters, pruneFlags } from '../prune.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Remove volumes that no container uses',
	arity: noArguments,
	flags: [bool('all', 'a', 'Remove those with a name, too'), ...pruneFlags],
	async run(context, flags) {
		const all = flags.bool('all');
		const filters = await pruneFilters(context, flags);
		if (all) {
			const [given] = filters.get('all') ?? [];
			if (given !== undefined) {
				throw new EngineError(
					'invalid_argument',
					`conflicting options: cannot specify both --all and --filter all=${given}`,
				);
			}
			filters.set('all', ['true']);
		}
		const which = all ? 'all' : 'anonymous';
		const warning = `WARNING! This will remove ${which} local volumes not used by at least one container.`;
		if (!flags.bool('force') && !(await confirm(context, warning))) return 0;
		const { VolumesDeleted, SpaceReclaimed = 0 } = await pruneOf(await context.client()).volumes(filters);
		await printPruned(context, 'Deleted Volumes', VolumesDeleted ?? [], SpaceReclaimed);
		return 0;
	},
};
