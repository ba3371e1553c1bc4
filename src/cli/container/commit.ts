import { containersOf } from '../../client/containers.ts';
import { parseReference } from '../../oci/reference.ts';
import { bool, type CommandDef, list, string } from '../command.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [REPOSITORY[:TAG]]',
	summary: 'Make an image of what a container changed',
	arity: { min: 1, max: 2 },
	flags: [
		string('author', 'a', 'Author of the image'),
		list('change', 'c', 'Dockerfile instruction to apply to the image'),
		string('message', 'm', 'Message for the history of the image'),
		{ ...bool('no-pause', '', 'Let the container run while it is read'), hidden: true },
		{ ...bool('pause', 'p', 'Pause the container while it is read'), default: 'true' },
	],
	async run(context, flags, [container = '', name = '']) {
		if (name !== '') parseReference(name);
		const colon = name.lastIndexOf(':');
		const hasTag = colon > name.lastIndexOf('/');
		const id = await containersOf(await context.client()).commit({
			container,
			repo: hasTag ? name.slice(0, colon) : name,
			tag: hasTag ? name.slice(colon + 1) : '',
			comment: flags.string('message'),
			author: flags.string('author'),
			changes: flags.list('change'),
			pause: !flags.bool('no-pause') && flags.bool('pause'),
		});
		context.stdout.write(`${id}\n`);
		return 0;
	},
};
