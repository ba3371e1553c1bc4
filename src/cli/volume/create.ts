import { volumesOf } from '../../client/volumes.ts';
import { EngineError } from '../../errors.ts';
import { type CommandDef, type FlagDef, list, string, value } from '../command.ts';
import type { Flags } from '../flags.ts';
import { bytesFlag } from '../options/numbers.ts';
import { labelFlag, pairsToMap } from '../options/texts.ts';

const map = (name: string, short: string, help: string): FlagDef => ({ ...list(name, short, help), type: 'map' });

/** Any of these makes it a volume of the cluster. */
const clusterFlags = ['availability', 'group', 'limit-bytes', 'required-bytes', 'scope', 'sharing', 'type'];

export const command: CommandDef = {
	usage: '[VOLUME]',
	summary: 'Make a volume',
	arity: { min: 0, max: 1 },
	flags: [
		string('availability', '', 'Cluster volume: active, pause or drain', 'active'),
		string('driver', 'd', 'Driver of the volume', 'local'),
		string('group', '', 'Cluster volume: its group'),
		list('label', '', 'Label: NAME[=VALUE]', labelFlag),
		value('limit-bytes', '', 'bytes', 'Cluster volume: its size at most', bytesFlag(false)),
		{ ...string('name', '', 'Name of the volume'), hidden: true },
		map('opt', 'o', 'Option of the driver: NAME=VALUE, as in type=tmpfs'),
		value('required-bytes', '', 'bytes', 'Cluster volume: its size at least', bytesFlag(false)),
		string('scope', '', 'Cluster volume: single or multi', 'single'),
		map('secret', '', 'Cluster volume: secret for its plugin, KEY=SECRET'),
		string('sharing', '', 'Cluster volume: none, readonly, onewriter or all', 'none'),
		list('topology-preferred', '', 'Cluster volume: where it should be'),
		list('topology-required', '', 'Cluster volume: where it must be'),
		string('type', '', 'Cluster volume: mount or block', 'block'),
	],
	async run(context, flags, [name]) {
		const named = flags.string('name');
		if (named !== '' && name !== undefined) {
			throw new EngineError(
				'invalid_argument',
				'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
			);
		}
		const forCluster = clusterFlags.some((flag) => flags.changed(flag));
		const { Name = '' } = await volumesOf(await context.client()).create({
			Driver: flags.string('driver'),
			DriverOpts: pairsToMap(flags.list('opt')),
			Labels: pairsToMap(flags.list('label')),
			Name: name ?? named,
			...(forCluster ? { ClusterVolumeSpec: clusterSpec(flags) } : {}),
		});
		context.stdout.write(`${Name}\n`);
		return 0;
	},
};

function clusterSpec(flags: Flags): Readonly<Record<string, unknown>> {
	const topology = (flag: string) => flags.list(flag).map((text) => ({ Segments: pairsToMap(text.split(',')) }));
	return {
		Group: flags.string('group'),
		AccessMode: {
			Scope: flags.string('scope'),
			Sharing: flags.string('sharing'),
			...(flags.string('type') === 'mount' ? { MountVolume: {} } : { BlockVolume: {} }),
		},
		AccessibilityRequirements: {
			Requisite: topology('topology-required'),
			Preferred: topology('topology-preferred'),
		},
		CapacityRange: { RequiredBytes: flags.number('required-bytes'), LimitBytes: flags.number('limit-bytes') },
		Secrets: Object.entries(pairsToMap(flags.list('secret')))
			.map(([Key, Secret]) => ({ Key, Secret }))
			.sort((a, b) => (a.Key < b.Key ? -1 : 1)),
		Availability: flags.string('availability'),
	};
}
