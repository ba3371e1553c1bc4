import type { FileHandle } from 'node:fs/promises';
import { blockSize, leftInBlock, readRecord } from '../../lib/log-blocks.ts';
import { formatNano } from '../../lib/time.ts';
import { type LogDecoder, type LogFormat, type RecordPlace, readAt } from './format.ts';
import type { LogRecord } from './records.ts';

/** The `local` driver's files, see lib/log-blocks.ts. */
export const blocks: LogFormat = { decoder: (position) => new BlockDecoder(position), seekBack, recordAfter };

class BlockDecoder implements LogDecoder {
	private rest: Buffer = Buffer.alloc(0);
	/** Bytes to pass over: the end of a block. */
	private skip = 0;
	private lastTime = -1n;
	private lastText = '';

	/** `position`: of the next byte that comes. */
	constructor(private position: number) {}

	decode(chunk: Buffer): readonly LogRecord[] {
		const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
		const base = this.position - this.rest.length;
		this.position += chunk.length;
		const records: LogRecord[] = [];
		let at = this.skip;
		while (at < bytes.length) {
			const left = leftInBlock(base + at);
			const record = readRecord(bytes, at, bytes.length, left);
			if (record === 'short') break;
			if (record === 'empty' || record === 'bad') {
				at += left;
				continue;
			}
			const { stream, start, end, time } = record;
			records.push({ stream, bytes, start, end, time: this.textOf(time), attributes: undefined });
			at = end;
		}
		this.skip = Math.max(0, at - bytes.length);
		this.rest = Buffer.from(bytes.subarray(at));
		return records;
	}

	private textOf(time: bigint): string {
		if (time !== this.lastTime) {
			this.lastTime = time;
			this.lastText = formatNano(time);
		}
		return this.lastText;
	}
}

/** Where the records of a block begin, and where the last of them ends. */
function startsIn(block: Buffer): { readonly starts: readonly number[]; readonly end: number } {
	const starts: number[] = [];
	let at = 0;
	for (;;) {
		const record = readRecord(block, at, block.length, blockSize - at);
		if (typeof record === 'string') return { starts, end: at };
		starts.push(at);
		at = record.end;
	}
}

async function seekBack(handle: FileHandle, size: number, count: number): Promise<{ position: number; found: number }> {
	let found = 0;
	let last: number | null = null;
	for (let start = Math.floor(Math.max(0, size - 1) / blockSize) * blockSize; start >= 0; start -= blockSize) {
		const { starts, end } = startsIn(await readAt(handle, start, Math.min(blockSize, size - start)));
		if (starts.length > 0) last ??= start + end;
		if (count === 0 && last !== null) return { position: last, found: 0 };
		const wanted = starts.at(found - count);
		if (wanted !== undefined && starts.length >= count - found) return { position: start + wanted, found: count };
		found += starts.length;
	}
	return { position: 0, found };
}

async function recordAfter(handle: FileHandle, from: number, size: number): Promise<RecordPlace | null> {
	for (let position = Math.ceil(from / blockSize) * blockSize; position < size; position += blockSize) {
		const block = await readAt(handle, position, Math.min(blockSize, size - position));
		const record = readRecord(block, 0, block.length, blockSize);
		if (typeof record !== 'string') return { position, time: record.time };
	}
	return null;
}
