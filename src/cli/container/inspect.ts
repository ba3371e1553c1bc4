import { containersOf } from '../../client/containers.ts';
import { atLeast, bool, type CommandDef } from '../command.ts';
import { objectFormat } from '../filters.ts';
import { inspectObjects } from '../inspect-objects.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Show all that is known of containers',
	arity: atLeast(1),
	flags: [objectFormat, bool('size', 's', 'Show sizes')],
	async run(context, flags, names) {
		const containers = containersOf(await context.client());
		const size = flags.bool('size');
		return inspectObjects(context, names, flags.string('format'), (name) => containers.inspect(name, size));
	},
};
