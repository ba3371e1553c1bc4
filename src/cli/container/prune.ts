import { containersOf } from '../../client/containers.ts';
import { type CommandDef, noArguments } from '../command.ts';
import { confirm, printPruned, pruneFilters, pruneFlags } from '../prune.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Remove all containers that do not run',
	arity: noArguments,
	flags: pruneFlags,
	async run(context, flags) {
		const warning = 'WARNING! This will remove all stopped containers.';
		if (!flags.bool('force') && !(await confirm(context, warning))) return 0;
		const containers = containersOf(await context.client());
		const { ContainersDeleted, SpaceReclaimed = 0 } = await containers.prune(await pruneFilters(context, flags));
		await printPruned(context, 'Deleted Containers', ContainersDeleted ?? [], SpaceReclaimed);
		return 0;
	},
};
