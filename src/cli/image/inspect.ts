import { imagesOf } from '../../client/images.ts';
import { atLeast, type CommandDef } from '../command.ts';
import { objectFormat } from '../filters.ts';
import { inspectObjects } from '../inspect-objects.ts';

export const command: CommandDef = {
	usage: 'IMAGE [IMAGE...]',
	summary: 'Show all that is known of images',
	arity: atLeast(1),
	flags: [objectFormat],
	async run(context, flags, names) {
		const images = imagesOf(await context.client());
		return inspectObjects(context, names, flags.string('format'), (name) => images.inspect(name));
	},
};
