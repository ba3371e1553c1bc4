import { EngineError } from '../errors.ts';

/** A piece of a container's output. `stream`: 1 stdout, 2 stderr, 3 an error of the daemon's. */
export interface OutputPiece {
	readonly stream: number;
	readonly bytes: Uint8Array;
}

const headerSize = 8;

/**
 * Takes Docker's multiplexed stream apart (frames of 8 bytes header: stream, 3 zeros, length big-endian). Pieces are
 * views of the chunks they came in: a frame may arrive as several pieces.
 * @throws EngineError `corrupt` for an unknown stream number.
 */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<OutputPiece> {
	const header = new Uint8Array(headerSize);
	let inHeader = 0;
	let stream = 0;
	let left = 0;
	for await (const chunk of chunks) {
		for (let at = 0; at < chunk.length; ) {
			if (left > 0) {
				const end = Math.min(chunk.length, at + left);
				yield { stream, bytes: chunk.subarray(at, end) };
				left -= end - at;
				at = end;
				continue;
			}
			header[inHeader++] = chunk[at++] ?? 0;
			if (inHeader < headerSize) continue;
			inHeader = 0;
			stream = header[0] ?? 0;
			if (stream > 3) throw new EngineError('corrupt', `Unrecognized input header: ${stream}`);
			left = new DataView(header.buffer).getUint32(4);
		}
	}
	if (inHeader > 0 || left > 0) throw new EngineError('unavailable', 'unexpected EOF');
}
