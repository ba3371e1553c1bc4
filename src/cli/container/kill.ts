import { containersOf } from '../../client/containers.ts';
import { atLeast, type CommandDef, string } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Send a signal to containers',
	arity: atLeast(1),
	flags: [string('signal', 's', 'Signal to send (default: KILL)')],
	async run(context, flags, names) {
		const containers = containersOf(await context.client());
		return forEach(context, names, async (name) => {
			await containers.kill(name, flags.string('signal'));
			return name;
		});
	},
};
