import type { ApiClient } from '../../client/client.ts';
import { pruneOf } from '../../client/prune.ts';
import { EngineError } from '../../errors.ts';
import { bool, type CommandDef, type Context, noArguments } from '../command.ts';
import { removalLine } from '../image/removal-line.ts';
import { confirm, pruneFilters, pruneFlags } from '../prune.ts';

type Filters = ReadonlyMap<string, string[]>;

interface Choice {
	readonly all: boolean;
	readonly volumes: boolean;
}

export const command: CommandDef = {
	usage: '',
	summary: 'Remove all that is not used',
	arity: noArguments,
	flags: [
		bool('all', 'a', 'Remove images with a name too, if no container uses them'),
		...pruneFlags,
		bool('volumes', '', 'Remove anonymous volumes that no container uses, too'),
	],
	async run(context, flags) {
		const choice = { all: flags.bool('all'), volumes: flags.bool('volumes') };
		const filters = await pruneFilters(context, flags);
		if (choice.volumes && filters.has('until')) {
			throw new EngineError('invalid_argument', 'ERROR: The "until" filter is not supported with "--volumes"');
		}
		if (!flags.bool('force') && !(await confirm(context, warningOf(choice, filters), ''))) return 0;
		await pruneAll(context, await context.client(), choice, filters);
		return 0;
	},
};

function warningOf({ all, volumes }: Choice, filters: Filters): string {
	const items = [
		'all stopped containers',
		'all networks not used by at least one container',
		...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
		all ? 'all images without at least one container associated to them' : 'all dangling images',
		all ? 'all build cache' : 'unused build cache',
	];
	const lines = (texts: readonly string[]) => texts.map((text) => `\n  - ${text}`).join('');
	const given = [...filters].flatMap(([name, values]) => values.map((value) => `${name}=${value}`)).sort();
	const limits = given.length === 0 ? '' : `\n  Items to be pruned will be filtered with:${lines(given)}\n`;
	return `WARNING! This will remove:${lines(items)}\n${limits}\n`;
}

/** One kind after the other; what was removed is told as soon as it is. */
async function pruneAll(
	{ stdout }: Context,
	client: ApiClient,
	{ all, volumes }: Choice,
	filters: Filters,
): Promise<void> {
	const prune = pruneOf(client);
	let total = 0;
	const tell = (title: string, removed: readonly string[] | null | undefined, reclaimed = 0) => {
		total += reclaimed;
		if (removed && removed.length > 0) stdout.write(`${title}:\n${removed.map((one) => `${one}\n`).join('')}\n`);
	};
	const containers = await prune.containers(filters);
	tell('Deleted Containers', containers.ContainersDeleted, containers.SpaceReclaimed);
	const networks = await prune.networks(filters);
	tell('Deleted Networks', networks.NetworksDeleted);
	if (volumes) {
		const pruned = await prune.volumes(filters);
		tell('Deleted Volumes', pruned.VolumesDeleted, pruned.SpaceReclaimed);
	}
	const dangling = [...(filters.get('dangling') ?? []), String(!all)];
	const images = await prune.images(new Map([...filters, ['dangling', dangling]]));
	tell('Deleted Images', images.ImagesDeleted?.map(removalLine), images.SpaceReclaimed);
	const cache = await prune.buildCache(filters, { all, keep: 0 });
	tell('Deleted build cache objects', cache.CachesDeleted, cache.SpaceReclaimed);
	const { humanSize } = await import('../render/units.ts');
	stdout.write(`Total reclaimed space: ${humanSize(total, 4)}\n`);
}
