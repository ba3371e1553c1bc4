import { volumesOf } from '../../client/volumes.ts';
import { atLeast, bool, type CommandDef } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandDef = {
	usage: 'VOLUME [VOLUME...]',
	summary: 'Remove volumes that no container uses',
	arity: atLeast(1),
	flags: [bool('force', 'f', 'Do not mind one that is not there')],
	async run(context, flags, names) {
		const volumes = volumesOf(await context.client());
		const force = flags.bool('force');
		return forEach(context, names, async (name) => {
			await volumes.remove(name, force);
			return name;
		});
	},
};
