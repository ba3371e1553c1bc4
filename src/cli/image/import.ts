import { jsonLines } from '../../client/client.ts';
import { type ImageProgress, imagesOf } from '../../client/images.ts';
import { parseReference } from '../../oci/reference.ts';
import { atLeast, type CommandDef, list, string } from '../command.ts';
import { showProgress } from './pull-image.ts';
import { openSource } from './source.ts';

export const command: CommandDef = {
	usage: 'file|URL|- [REPOSITORY[:TAG]]',
	summary: 'Make an image of a tar archive of a file system',
	arity: atLeast(1),
	flags: [
		list('change', 'c', 'Dockerfile instruction to apply to the image'),
		string('message', 'm', 'Message for the history of the image'),
		string('platform', '', 'Platform of the image: os/arch[/variant]'),
	],
	async run(context, flags, [file = '', name = '']) {
		if (name !== '') parseReference(name);
		const source = /^(https?|ftp):\/\//.test(file)
			? ({ kind: 'url', url: file } as const)
			: ({ kind: 'archive', body: await openSource(file) } as const);
		const response = await imagesOf(await context.client()).import(source, {
			repo: name,
			message: flags.string('message'),
			changes: flags.list('change'),
			platform: flags.string('platform'),
		});
		await showProgress(jsonLines<ImageProgress>(response.body), context.stdout);
		return 0;
	},
};
