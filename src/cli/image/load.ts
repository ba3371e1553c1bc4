import { jsonLines } from '../../client/client.ts';
import { type ImageProgress, imagesOf } from '../../client/images.ts';
import { EngineError } from '../../errors.ts';
import { bool, type CommandDef, list, noArguments, string } from '../command.ts';
import { isTerminal } from '../streams/terminal.ts';
import { showProgress } from './pull-image.ts';
import { openSource } from './source.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Load images from an archive',
	arity: noArguments,
	flags: [
		string('input', 'i', 'Read the archive from a file instead of standard input'),
		{ ...list('platform', '', 'Load only this platform: os/arch[/variant]'), type: 'string' },
		bool('quiet', 'q', 'Show no progress'),
	],
	async run(context, flags) {
		const input = flags.string('input');
		if (input === '' && (await isTerminal(0))) {
			throw new EngineError('invalid_argument', 'requested load from stdin, but stdin is empty');
		}
		const quiet = flags.bool('quiet') || !(await context.stdout.isTerminal());
		const source = await openSource(input === '' ? '-' : input);
		const platforms = flags.list('platform').map((text) => {
			const [os = '', architecture = '', variant] = text.split('/');
			return JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) });
		});
		const response = await imagesOf(await context.client()).load(source, { quiet, platforms });
		await showProgress(jsonLines<ImageProgress>(response.body), context.stdout);
		return 0;
	},
};
