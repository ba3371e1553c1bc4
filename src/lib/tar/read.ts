import type { NameEncoding } from './header.ts';
import { createTarParser } from './parse.ts';
import type { TarHeader, TarLimits } from './types.ts';

/** An entry of {@link readTar}. `body` is read at most once, before the next entry is asked for; unread, it is skipped. */
export interface TarEntry {
	readonly header: TarHeader;
	readonly body: AsyncIterable<Uint8Array>;
}

type Piece =
	| { readonly kind: 'entry'; readonly header: TarHeader }
	| { readonly kind: 'data'; readonly bytes: Uint8Array }
	| { readonly kind: 'end' };

/** Reads a tar from a stream, entry by entry. @throws `corrupt`, `unsupported`, and what the stream throws. */
export async function* readTar(
	stream: AsyncIterable<Uint8Array>,
	options: { readonly limits?: Partial<TarLimits>; readonly names?: NameEncoding } = {},
): AsyncGenerator<TarEntry, void, undefined> {
	const pieces = parsePieces(stream, options);
	let current: Piece['kind'] = 'end';

	async function* bodyOf(): AsyncGenerator<Uint8Array, void, undefined> {
		while (current !== 'end') {
			const next = await pieces.next();
			if (next.done === true) return;
			current = next.value.kind;
			if (next.value.kind === 'data') yield next.value.bytes;
		}
	}

	try {
		while (true) {
			const next = await pieces.next();
			if (next.done === true) return;
			current = next.value.kind;
			if (next.value.kind !== 'entry') continue;
			yield { header: next.value.header, body: bodyOf() };
		}
	} finally {
		await pieces.return();
	}
}

async function* parsePieces(
	stream: AsyncIterable<Uint8Array>,
	options: { readonly limits?: Partial<TarLimits>; readonly names?: NameEncoding },
): AsyncGenerator<Piece, void, undefined> {
	let pieces: Piece[] = [];
	const parser = createTarParser(
		{
			entry: (header) => pieces.push({ kind: 'entry', header }),
			data: (bytes) => pieces.push({ kind: 'data', bytes }),
			end: () => pieces.push({ kind: 'end' }),
		},
		options,
	);
	for await (const chunk of stream) {
		parser.push(chunk);
		const ready = pieces;
		pieces = [];
		yield* ready;
	}
	parser.finish();
}
