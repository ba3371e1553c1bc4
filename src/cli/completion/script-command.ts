import { bool, type CommandDef, noArguments } from '../command.ts';

/** The command that prints the script of one shell. `comment` begins a line that says how to use it. */
export function scriptCommand(shell: string, script: (descriptions: boolean) => string): CommandDef {
	return {
		usage: '',
		summary: `Print the completion script for ${shell}`,
		arity: noArguments,
		flags: [bool('no-descriptions', '', 'Leave out what a candidate is')],
		async run(context, flags) {
			context.stdout.write(script(!flags.bool('no-descriptions')));
			return 0;
		},
	};
}
