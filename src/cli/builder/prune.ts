import { pruneOf } from '../../client/prune.ts';
import { bool, type CommandDef, noArguments, value } from '../command.ts';
import { bytesFlag } from '../options/numbers.ts';
import { confirm, printPruned, pruneFilters, pruneFlags } from '../prune.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Remove the build cache',
	arity: noArguments,
	flags: [
		bool('all', 'a', 'Remove all of it that is not in use, not just what is dangling'),
		...pruneFlags,
		value('keep-storage', '', 'bytes', 'How much of it to keep', bytesFlag(false)),
	],
	async run(context, flags) {
		const all = flags.bool('all');
		const warning = `WARNING! This will remove all ${all ? '' : 'dangling '}build cache.`;
		if (!flags.bool('force') && !(await confirm(context, warning, ' '))) return 0;
		const options = { all, keep: Number(flags.string('keep-storage') || 0) };
		const filters = await pruneFilters(context, flags);
		const { CachesDeleted, SpaceReclaimed = 0 } = await pruneOf(await context.client()).buildCache(filters, options);
		await printPruned(context, 'Deleted build cache objects', CachesDeleted ?? [], SpaceReclaimed);
		return 0;
	},
};
