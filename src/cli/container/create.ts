import { atLeast, type CommandDef } from '../command.ts';
import { createFlags } from '../options/create-flags.ts';
import { createContainer, readCreateFlags } from './create-container.ts';
import { attemptFlags } from './run-errors.ts';

export const command: CommandDef = {
	usage: 'IMAGE [COMMAND] [ARG...]',
	summary: 'Create a container without starting it',
	arity: atLeast(1),
	flags: createFlags,
	stopsAtFirstArgument: true,
	async run(context, flags, args) {
		const body = await attemptFlags(context, 'create', () => readCreateFlags(context, flags, args, false));
		if (body === null) return 125;
		const id = await createContainer(context, flags, body);
		context.stdout.write(`${id}\n`);
		return 0;
	},
};
