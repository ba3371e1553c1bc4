import type { FileHandle } from 'node:fs/promises';
import type { LogRecord } from './records.ts';

/** Makes records of the bytes of a file, which come in order; keeps what is not complete yet. */
export interface LogDecoder {
	/** May change `bytes`, and the records refer to it. */
	decode(bytes: Buffer): readonly LogRecord[];
}

/** Where a record begins, and its time in nanoseconds since the epoch. */
export interface RecordPlace {
	readonly position: number;
	readonly time: bigint;
}

/** How a log is written. Damage is passed over, whatever it is. */
export interface LogFormat {
	/** A decoder of what begins at `position`, where a record must begin. */
	decoder(position: number): LogDecoder;
	/** Where the last `count` records before `size` begin, and how many there are; 0: where the last one ends. */
	seekBack(handle: FileHandle, size: number, count: number): Promise<{ position: number; found: number }>;
	/** The first record that begins at or after `from` and is complete before `size`. */
	recordAfter(handle: FileHandle, from: number, size: number): Promise<RecordPlace | null>;
}

/** Fills a buffer from `position`, as far as the file goes. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
	const buffer = Buffer.allocUnsafe(length);
	let filled = 0;
	while (filled < length) {
		const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
		if (bytesRead === 0) break;
		filled += bytesRead;
	}
	return buffer.subarray(0, filled);
}
