import { volumesOf } from '../../client/volumes.ts';
import { atLeast, type CommandDef } from '../command.ts';
import { objectFormat } from '../filters.ts';
import { inspectObjects } from '../inspect-objects.ts';

export const command: CommandDef = {
	usage: 'VOLUME [VOLUME...]',
	summary: 'Show all that is known of volumes',
	arity: atLeast(1),
	flags: [objectFormat],
	async run(context, flags, names) {
		const volumes = volumesOf(await context.client());
		return inspectObjects(context, names, flags.string('format'), (name) => volumes.inspect(name));
	},
};
