import { containersOf } from '../../client/containers.ts';
import { type CommandDef, exactly, string } from '../command.ts';
import { saveBody } from '../save-body.ts';

export const command: CommandDef = {
	usage: 'CONTAINER',
	summary: 'Write the file system of a container as a tar archive',
	arity: exactly(1),
	flags: [string('output', 'o', 'Write to a file instead of standard output')],
	async run(context, flags, [name = '']) {
		const containers = containersOf(await context.client());
		await saveBody(context, flags.string('output'), 'export', () => containers.export(name));
		return 0;
	},
};
