import { imagesOf } from '../../client/images.ts';
import { EngineError } from '../../errors.ts';
import { parseReference, repositoryName, withDefaultTag } from '../../oci/reference.ts';
import { type CommandDef, exactly } from '../command.ts';

export const command: CommandDef = {
	usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
	summary: 'Give an image another name',
	arity: exactly(2),
	flags: [],
	async run(context, _flags, [source = '', target = '']) {
		const reference = parseReference(target);
		if (reference.digest !== undefined) {
			throw new EngineError('invalid_argument', 'refusing to create a tag with a digest reference');
		}
		const { tag } = withDefaultTag(reference);
		await imagesOf(await context.client()).tag(source, repositoryName(reference), tag);
		return 0;
	},
};
