import { imagesOf } from '../../client/images.ts';
import { EngineError } from '../../errors.ts';
import { familiarName, parseReference, printReference, withDefaultTag } from '../../oci/reference.ts';
import { bool, type CommandDef, exactly, string } from '../command.ts';
import { registryAuth } from '../registry-auth.ts';
import { showProgress } from './pull-image.ts';

export const command: CommandDef = {
	usage: 'NAME[:TAG]',
	summary: 'Upload an image to a registry',
	arity: exactly(1),
	flags: [
		bool('all-tags', 'a', 'Push every tag of the repository'),
		string('platform', '', 'Platform of the image: os/arch[/variant]'),
		bool('quiet', 'q', 'Print the name of the image only'),
	],
	async run(context, flags, [name = '']) {
		const given = parseReference(name);
		const all = flags.bool('all-tags');
		if (all && given.tag !== undefined) {
			throw new EngineError('invalid_argument', "tag can't be used with --all-tags/-a");
		}
		const reference = all ? given : withDefaultTag(given);
		const quiet = flags.bool('quiet');
		if (reference !== given && !quiet) context.stdout.write(`Using default tag: ${reference.tag}\n`);
		const auth = await registryAuth(await context.config(), reference);
		const platform = flags.string('platform') === '' ? undefined : flags.string('platform');
		const messages = imagesOf(await context.client()).push(familiarName(reference), {
			tag: all ? '' : (reference.tag ?? ''),
			platform,
			// The daemon wants the header even when there is nothing to say.
			auth: auth === '' ? 'e30=' : auth,
		});
		await showProgress(messages, quiet ? null : context.stdout);
		if (quiet) context.stdout.write(`${printReference(reference)}\n`);
		return 0;
	},
};
