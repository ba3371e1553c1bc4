import { type ImageProgress, imagesOf } from '../../client/images.ts';
import { EngineError } from '../../errors.ts';
import { type Reference, repositoryName } from '../../oci/reference.ts';
import type { Context } from '../command.ts';
import type { Output } from '../output.ts';
import { registryAuth } from '../registry-auth.ts';

/** Shows the messages of a pull, push or load. @throws EngineError for the error that one of them tells of. */
export async function showProgress(messages: AsyncIterable<ImageProgress>, output: Output | null): Promise<void> {
	const { createProgressView } = await import('../render/progress.ts');
	const columns = await output?.columns();
	const view = output === null ? null : createProgressView({ write: (text) => output.write(text), columns });
	for await (const message of messages) {
		const said = message.errorDetail?.message ?? message.error;
		if (typeof said === 'string' && said !== '') {
			await output?.flush();
			throw new EngineError('unavailable', said);
		}
		if (view !== null && message.aux === undefined) view.show(message);
		await output?.flush();
	}
}

/** Pulls an image (without tag and digest: all tags) and shows how it goes on `output`; null: silently. @throws EngineError */
export async function pullImage(
	context: Context,
	reference: Reference,
	platform: string,
	output: Output | null,
): Promise<void> {
	const images = imagesOf(await context.client());
	const auth = await registryAuth(await context.config(), reference);
	await showProgress(
		images.pull({
			fromImage: repositoryName(reference),
			tag: reference.digest ?? reference.tag ?? '',
			platform: platform === '' ? undefined : platform,
			auth,
		}),
		output,
	);
}
