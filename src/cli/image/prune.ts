import { pruneOf } from '../../client/prune.ts';
import { bool, type CommandDef, noArguments } from '../command.ts';
import { confirm, printPruned, pruneFilters, pruneFlags } from '../prune.ts';
import { removalLine } from './removal-line.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Remove unused images',
	arity: noArguments,
	flags: [bool('all', 'a', 'Remove those with a name too, if no container uses them'), ...pruneFlags],
	async run(context, flags) {
		const all = flags.bool('all');
		const what = all ? 'all images without at least one container associated to them' : 'all dangling images';
		if (!flags.bool('force') && !(await confirm(context, `WARNING! This will remove ${what}.`))) return 0;
		const filters = await pruneFilters(context, flags);
		filters.set('dangling', [...(filters.get('dangling') ?? []), String(!all)].sort());
		const { ImagesDeleted, SpaceReclaimed = 0 } = await pruneOf(await context.client()).images(filters);
		await printPruned(context, 'Deleted Images', (ImagesDeleted ?? []).map(removalLine), SpaceReclaimed);
		return 0;
	},
};
