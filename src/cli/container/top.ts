import { containersOf } from '../../client/containers.ts';
import { atLeast, type CommandDef } from '../command.ts';

const minWidth = 20;
const padding = 3;

export const command: CommandDef = {
	usage: 'CONTAINER [ps OPTIONS]',
	summary: 'List the processes of a container',
	arity: atLeast(1),
	flags: [],
	stopsAtFirstArgument: true,
	async run(context, _flags, [name = '', ...psArgs]) {
		const { Titles, Processes } = await containersOf(await context.client()).top(name, psArgs.join(' '));
		const lines = [Titles ?? [], ...(Processes ?? [])];
		const widths = (Titles ?? []).map((_, column) =>
			Math.max(minWidth, ...lines.map((cells) => (cells[column] ?? '').length + padding)),
		);
		for (const cells of lines) {
			const last = cells.length - 1;
			const padded = cells.map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0)));
			context.stdout.write(`${padded.join('')}\n`);
		}
		return 0;
	},
};
