import { createTarParser } from '../../../lib/tar/parse.ts';
import type { TarHeader } from '../../../lib/tar/types.ts';

/** One entry of an archive as it streams by. Read `body` before asking for the next, or it is skipped. */
export interface ArchiveEntry {
	/** Names are as written: not cleaned, not trusted. */
	readonly header: TarHeader;
	readonly body: AsyncIterable<Uint8Array>;
}

type Piece = { readonly entry: TarHeader } | { readonly data: Uint8Array } | { readonly end: true };

/** Reads a tar as a stream. @throws EngineError `corrupt` when it is no tar or breaks off, `unsupported`. */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncIterable<ArchiveEntry> {
	const pieces = readPieces(stream);
	try {
		for (;;) {
			const piece = await pieces.next();
			if (piece.done === true) return;
			if (!('entry' in piece.value)) continue;
			const body = bodyOf(pieces);
			yield { header: piece.value.entry, body };
			for await (const _rest of body) {
				// Skipped: nobody wanted it.
			}
		}
	} finally {
		await pieces.return(undefined);
	}
}

/** Takes pieces up to the entry's end; leaving early leaves the rest to the next reader. */
function bodyOf(pieces: AsyncIterator<Piece>): AsyncIterable<Uint8Array> {
	let ended = false;
	const next = async (): Promise<IteratorResult<Uint8Array>> => {
		while (!ended) {
			const piece = await pieces.next();
			if (piece.done === true || 'end' in piece.value) ended = true;
			else if ('data' in piece.value) return { done: false, value: piece.value.data };
		}
		return { done: true, value: undefined };
	};
	return { [Symbol.asyncIterator]: () => ({ next }) };
}

async function* readPieces(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
	// At most the pieces of one chunk.
	const queue: Piece[] = [];
	const parser = createTarParser({
		entry: (entry) => queue.push({ entry }),
		data: (data) => queue.push({ data }),
		end: () => queue.push({ end: true }),
	});
	for await (const chunk of stream) {
		parser.push(chunk);
		yield* queue.splice(0);
	}
	parser.finish();
}
