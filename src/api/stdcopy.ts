import { EngineError } from '../errors.ts';

/** A piece of a container's output. `stream`: 1 stdout, 2 stderr, 3 an error of the daemon's. */
export interface OutputPiece {
	readonly stream: number;
	readonly bytes: Uint8Array;
}

const headerSize = 8;

/** Takes Docker's multiplexed stream apart (frames of 8 bytes header: stream, 3 zeros, length big-endian). */
export class Demultiplexer {
	private readonly header = new Uint8Array(headerSize);
	private inHeader = 0;
	private stream = 0;
	private left = 0;

	/** Between two frames: here the stream may end. */
	get isComplete(): boolean {
		return this.inHeader === 0 && this.left === 0;
	}

	/**
	 * Views of the chunk, which is changed: payloads of one stream in a row become one piece, in however many frames they
	 * came. A frame may arrive as several pieces.
	 * @throws EngineError `corrupt` for an unknown stream number.
	 */
	push(chunk: Uint8Array): OutputPiece[] {
		const pieces: OutputPiece[] = [];
		let run = { stream: 0, start: 0, end: 0 };
		const finishRun = () => {
			if (run.end > run.start) pieces.push({ stream: run.stream, bytes: chunk.subarray(run.start, run.end) });
		};
		for (let at = 0; at < chunk.length; ) {
			if (this.left === 0) {
				this.takeHeader(chunk[at++] ?? 0);
				continue;
			}
			const end = Math.min(chunk.length, at + this.left);
			if (run.end > run.start && run.stream === this.stream) {
				chunk.copyWithin(run.end, at, end);
				run.end += end - at;
			} else {
				finishRun();
				run = { stream: this.stream, start: at, end };
			}
			this.left -= end - at;
			at = end;
		}
		finishRun();
		return pieces;
	}

	private takeHeader(byte: number): void {
		const header = this.header;
		header[this.inHeader++] = byte;
		if (this.inHeader < headerSize) return;
		this.inHeader = 0;
		this.stream = header[0] ?? 0;
		if (this.stream > 3) throw new EngineError('corrupt', `Unrecognized input header: ${this.stream}`);
		this.left = new DataView(header.buffer).getUint32(4);
	}
}

/**
 * The pieces of a whole multiplexed stream.
 * @throws EngineError `corrupt` for an unknown stream number, `unavailable` when it ends within a frame.
 */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<OutputPiece> {
	const demultiplexer = new Demultiplexer();
	for await (const chunk of chunks) yield* demultiplexer.push(chunk);
	if (!demultiplexer.isComplete) throw new EngineError('unavailable', 'unexpected EOF');
}
