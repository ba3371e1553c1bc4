import { type CommandDef, noArguments } from '../command.ts';
import { currentName } from '../contexts/of-command.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Print the name of the context in use',
	arity: noArguments,
	flags: [],
	async run(context) {
		context.stdout.write(`${await currentName(context)}\n`);
		return 0;
	},
};
