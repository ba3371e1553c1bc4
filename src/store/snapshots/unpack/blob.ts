import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const bufferBytes = 256 * 1024;

/** How a blob is compressed, by its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd';

export function compressionOf(head: Uint8Array): Compression {
	if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
	if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
	return 'none';
}

/** A blob that is read in order. */
export interface BlobReader extends Disposable {
	/** Bytes of the whole blob. */
	readonly size: number;
	/** The next piece, valid until the call after; null at the end. The first has at least 4 bytes, unless the blob is shorter. */
	next(): Uint8Array | null;
	/** Bytes that `next` gave so far. */
	read(): number;
}

/** Reads the file at `path`. */
export function openBlobFile(path: string): BlobReader {
	const fd = openSync(path, 'r');
	return createReader(fd, fstatSync(fd).size, new Uint8Array(), () => closeSync(fd));
}

/** Reads what comes after the first line of standard input. `head`: bytes of it that were read with the line. */
export function blobOfInput(head: Uint8Array, size: number): BlobReader {
	return createReader(0, size, head, () => {});
}

/** Blocks while it reads, which is all that this process has to do: no copies, no turns of an event loop. */
function createReader(fd: number, size: number, head: Uint8Array, close: () => void): BlobReader {
	const buffer = Buffer.allocUnsafeSlow(Math.max(bufferBytes, head.length));
	buffer.set(head);
	let filled = head.length;
	let given = 0;
	return {
		size,
		next() {
			const wanted = given === 0 ? 4 : 1;
			while (filled < wanted) {
				const count = readSync(fd, buffer, filled, buffer.length - filled, null);
				if (count === 0) break;
				filled += count;
			}
			if (filled === 0) return null;
			const piece = buffer.subarray(0, filled);
			given += filled;
			filled = 0;
			return piece;
		},
		read: () => given,
		[Symbol.dispose]: close,
	};
}

/** Reads a line of standard input. `rest`: what came with it from behind the line. */
export function readLine(maxBytes: number): { readonly line: string; readonly rest: Uint8Array } {
	const buffer = Buffer.allocUnsafeSlow(maxBytes);
	for (let filled = 0; filled < maxBytes; ) {
		const count = readSync(0, buffer, filled, maxBytes - filled, null);
		if (count === 0) break;
		filled += count;
		const end = buffer.subarray(0, filled).indexOf(0x0a);
		if (end >= 0) return { line: buffer.toString('utf8', 0, end), rest: buffer.subarray(end + 1, filled) };
	}
	throw new Error('standard input has no line');
}
