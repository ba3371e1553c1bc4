import { containersOf } from '../../client/containers.ts';
import { atLeast, type CommandDef } from '../command.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [ps OPTIONS]',
	summary: 'List the processes of a container',
	arity: atLeast(1),
	flags: [],
	stopsAtFirstArgument: true,
	async run(context, _flags, [name = '', ...psArgs]) {
		const { align } = await import('../render/table.ts');
		const { Titles, Processes } = await containersOf(await context.client()).top(name, psArgs.join(' '));
		const lines = [Titles ?? [], ...(Processes ?? [])].map((cells) => cells.join('\t'));
		context.stdout.write(align(`${lines.join('\n')}\n`));
		return 0;
	},
};
