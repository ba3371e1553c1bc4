import { containersOf } from '../../client/containers.ts';
import { type CommandDef, exactly } from '../command.ts';

const kinds = ['C', 'A', 'D'];

export const command: CommandDef = {
	usage: 'CONTAINER',
	summary: 'Show what a container changed in its file system',
	arity: exactly(1),
	flags: [],
	async run(context, _flags, [name = '']) {
		for (const change of (await containersOf(await context.client()).changes(name)) ?? []) {
			context.stdout.write(`${kinds[change.Kind ?? 0] ?? '?'} ${change.Path}\n`);
		}
		return 0;
	},
};
