/**
 * The file format of the `local` log. A file is made of blocks of 64 KiB, and no record crosses from one to the next, so
 * that a reader can begin at any block: after damage, or in the middle when it looks for a time. A record:
 *
 *     flags (1), length of the text (4), CRC-32 of time and text (4), time in ns (8), text
 *
 * Numbers are little-endian. A flags byte of 0 means that the rest of the block is empty.
 */
export const blockSize = 64 * 1024;
export const recordHeader = 17;

const present = 0x80;
const fromStderr = 1;

/** A record where it lies. */
export interface BlockRecord {
	readonly stream: 'stdout' | 'stderr';
	/** Nanoseconds since the epoch. */
	readonly time: bigint;
	readonly start: number;
	readonly end: number;
}

/** Bytes that are left in the block of a position. */
export function leftInBlock(position: number): number {
	return blockSize - (position % blockSize);
}

/** Writes a record, for which there must be room; returns its end. */
export function writeRecord(
	out: Buffer,
	at: number,
	record: {
		readonly stream: 'stdout' | 'stderr';
		readonly time: bigint;
		readonly text: Uint8Array;
		/** Whether a newline is to follow the text. */
		readonly newline: boolean;
	},
): number {
	const length = record.text.length + (record.newline ? 1 : 0);
	const end = at + recordHeader + length;
	out[at] = present | (record.stream === 'stderr' ? fromStderr : 0);
	out.writeUInt32LE(length, at + 1);
	out.writeBigInt64LE(record.time, at + 9);
	out.set(record.text, at + recordHeader);
	if (record.newline) out[end - 1] = 10;
	out.writeUInt32LE(Bun.hash.crc32(out.subarray(at + 9, end)), at + 5);
	return end;
}

/**
 * The record at `at` of `bytes`, which end at `end`. `empty`: the block has no more; `short`: its rest is not there yet;
 * `bad`: damage, the next good record can only be in the next block. `left`: {@link leftInBlock} of the place.
 */
export function readRecord(
	bytes: Buffer,
	at: number,
	end: number,
	left: number,
): BlockRecord | 'empty' | 'short' | 'bad' {
	if (left < recordHeader) return 'empty';
	if (at >= end) return 'short';
	const flags = bytes[at] ?? 0;
	if (flags === 0) return 'empty';
	if ((flags & ~fromStderr) !== present) return 'bad';
	if (at + recordHeader > end) return 'short';
	const length = bytes.readUInt32LE(at + 1);
	if (length > left - recordHeader) return 'bad';
	const start = at + recordHeader;
	if (start + length > end) return 'short';
	if (Bun.hash.crc32(bytes.subarray(at + 9, start + length)) !== bytes.readUInt32LE(at + 5)) return 'bad';
	return {
		stream: (flags & fromStderr) === 0 ? 'stdout' : 'stderr',
		time: bytes.readBigInt64LE(at + 9),
		start,
		end: start + length,
	};
}
