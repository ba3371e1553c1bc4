import { EngineError } from '../../errors.ts';
import { parseReference, printReference, withDefaultTag } from '../../oci/reference.ts';
import { bool, type CommandDef, exactly, string } from '../command.ts';
import { pullImage } from './pull-image.ts';

export const command: CommandDef = {
	usage: 'NAME[:TAG|@DIGEST]',
	summary: 'Download an image from a registry',
	arity: exactly(1),
	flags: [
		bool('all-tags', 'a', 'Download all tags of the repository'),
		string('platform', '', 'Platform of the image: os/arch[/variant]'),
		bool('quiet', 'q', 'Print the name of the image only'),
	],
	async run(context, flags, [name = '']) {
		const given = parseReference(name);
		const all = flags.bool('all-tags');
		if (all && (given.tag !== undefined || given.digest !== undefined)) {
			throw new EngineError('invalid_argument', "tag can't be used with --all-tags/-a");
		}
		const reference = all ? given : withDefaultTag(given);
		const quiet = flags.bool('quiet');
		if (reference !== given && !quiet) context.stdout.write(`Using default tag: ${reference.tag}\n`);
		await pullImage(context, reference, flags.string('platform'), quiet ? null : context.stdout);
		context.stdout.write(`${printReference(reference)}\n`);
		return 0;
	},
};
