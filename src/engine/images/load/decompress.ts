import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { EngineError, messageOf } from '../../../errors.ts';

/** A stream as it is, or what its gzip or zstd form contains; told apart by the first bytes. @throws EngineError `corrupt`, `unsupported`. */
export async function* decompressed(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
	const iterator = stream[Symbol.asyncIterator]();
	const head: Uint8Array[] = [];
	let size = 0;
	while (size < 6) {
		const next = await iterator.next();
		if (next.done === true) break;
		head.push(next.value);
		size += next.value.length;
	}
	const first = Buffer.concat(head);
	const whole = (async function* () {
		if (first.length > 0) yield first as Uint8Array;
		for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
	})();
	const magic = first.toString('hex', 0, 6);
	if (magic.startsWith('425a68') || magic === 'fd377a585a00') {
		throw new EngineError(
			'unsupported',
			`archives compressed with ${magic.startsWith('42') ? 'bzip2' : 'xz'} are not supported`,
		);
	}
	if (magic.startsWith('1f8b')) yield* through(whole, createGunzip());
	else if (magic.startsWith('28b52ffd')) yield* through(whole, createZstdDecompress());
	else yield* whole;
}

async function* through(
	stream: AsyncIterable<Uint8Array>,
	transform: ReturnType<typeof createGunzip>,
): AsyncIterable<Uint8Array> {
	const source = Readable.from(stream);
	let failure: { readonly error: unknown } | undefined;
	source.once('error', (error) => {
		failure = { error };
		transform.destroy(error);
	});
	source.pipe(transform);
	try {
		for await (const chunk of transform) yield chunk as Uint8Array;
	} catch (error) {
		// The sender's failure is not the archive's.
		if (failure !== undefined) throw failure.error;
		throw new EngineError('corrupt', `invalid compressed archive: ${messageOf(error)}`, { cause: error });
	} finally {
		source.destroy();
		transform.destroy();
	}
}
