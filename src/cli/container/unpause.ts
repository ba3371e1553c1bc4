import { containersOf } from '../../client/containers.ts';
import { atLeast, type CommandDef } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Thaw the processes of containers',
	arity: atLeast(1),
	flags: [],
	async run(context, _flags, names) {
		const containers = containersOf(await context.client());
		return forEach(context, names, async (name) => {
			await containers.unpause(name);
			return name;
		});
	},
};
