import { pruneOf } from '../../client/prune.ts';
import { type CommandDef, noArguments } from '../command.ts';
import { confirm, pruneFilters, pruneFlags } from '../prune.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Remove unused networks',
	arity: noArguments,
	flags: pruneFlags,
	async run(context, flags) {
		const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
		if (!flags.bool('force') && !(await confirm(context, warning))) return 0;
		const { NetworksDeleted } = await pruneOf(await context.client()).networks(await pruneFilters(context, flags));
		const removed = NetworksDeleted ?? [];
		if (removed.length > 0) context.stdout.write(`Deleted Networks:\n${removed.map((name) => `${name}\n`).join('')}\n`);
		return 0;
	},
};
