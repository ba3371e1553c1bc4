import { imagesOf } from '../../client/images.ts';
import { atLeast, type CommandDef, list, string } from '../command.ts';
import { saveBody } from '../save-body.ts';

export const command: CommandDef = {
	usage: 'IMAGE [IMAGE...]',
	summary: 'Write images to an archive',
	arity: atLeast(1),
	flags: [
		string('output', 'o', 'Write to a file instead of standard output'),
		{ ...list('platform', '', 'Save only this platform: os/arch[/variant]'), type: 'string' },
	],
	async run(context, flags, names) {
		const images = imagesOf(await context.client());
		const platforms = flags.list('platform').map((text) => {
			const [os = '', architecture = '', variant] = text.split('/');
			return JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) });
		});
		await saveBody(context, flags.string('output'), 'save', () => images.save(names, platforms));
		return 0;
	},
};
