import { parseNano } from '../../lib/time.ts';
import { chunksOf, type LogFile, recordsOf } from './files.ts';
import type { LogFormat } from './format.ts';
import type { LogRecord } from './records.ts';

/** A place in a log: in a file, and how many records to pass over there. */
export interface Start {
	/** Index of the file. */
	readonly file: number;
	readonly position: number;
	readonly skip: number;
}

/** The search ends with a piece of this size, which is read through. */
const fineEnough = 64 * 1024;
/** How far before the place that was found the times are checked: the clock may have been set back there. */
const margin = 1024 * 1024;

const timeOf = ({ time }: LogRecord): bigint => parseNano(time) ?? 0n;

/**
 * Where the records from `since` on begin, found by halving, as they are in order of time. Where the clock was set back
 * they are not: a stretch of them before the place that the search finds is read, and the search goes on from there
 * when it has some that are wanted.
 */
export async function startOfTime(files: readonly LogFile[], format: LogFormat, since: bigint): Promise<Start> {
	for (let index = files.length - 1; index >= 0; index--) {
		const file = files[index] as LogFile;
		const first = await firstTime(file, format);
		if (first === null || first >= since) continue;
		const position = file.compressed ? 0 : await positionOfTime(file, format, since);
		return { file: index, position, skip: 0 };
	}
	return { file: 0, position: 0, skip: 0 };
}

/** The time of a file's first record; null when it has none. */
export async function firstTime(file: LogFile, format: LogFormat): Promise<bigint | null> {
	if (!file.compressed) return (await format.recordAfter(file.handle, 0, file.size))?.time ?? null;
	for await (const [first] of recordsOf(file, format)) if (first !== undefined) return timeOf(first);
	return null;
}

async function positionOfTime({ handle, size }: LogFile, format: LogFormat, since: bigint): Promise<number> {
	let low = 0;
	let high = size;
	while (high - low > fineEnough) {
		const middle = Math.floor((low + high) / 2);
		const found = await format.recordAfter(handle, middle, high);
		if (found === null || found.time >= since) high = middle;
		else low = found.position;
	}
	for (;;) {
		const before = await format.recordAfter(handle, Math.max(0, low - margin), low);
		if (before === null || before.position >= low) return low;
		if (!(await hasSince(handle, before.position, low, format, since))) return low;
		low = before.position;
	}
}

async function hasSince(
	handle: LogFile['handle'],
	from: number,
	to: number,
	format: LogFormat,
	since: bigint,
): Promise<boolean> {
	const decoder = format.decoder(from);
	for await (const chunk of chunksOf(handle, from, to)) {
		if (decoder.decode(chunk).some((record) => timeOf(record) >= since)) return true;
	}
	return false;
}

/** Where the last `count` records begin. Compressed files are read through, but not kept. */
export async function startOfTail(files: readonly LogFile[], format: LogFormat, count: number): Promise<Start> {
	let missing = count;
	for (let index = files.length - 1; index >= 0; index--) {
		const file = files[index] as LogFile;
		if (file.compressed) {
			let records = 0;
			for await (const batch of recordsOf(file, format)) records += batch.length;
			if (records >= missing) return { file: index, position: 0, skip: records - missing };
			missing -= records;
			continue;
		}
		const { position, found } = await format.seekBack(file.handle, file.size, missing);
		missing -= found;
		if (missing <= 0) return { file: index, position, skip: 0 };
	}
	return { file: 0, position: 0, skip: 0 };
}
