import { parseNano } from '../../lib/time.ts';
import { blocks } from './blocks.ts';
import { chunksOf, closeAll, type LogFile, openAll, recordsOf } from './files.ts';
import { Follower } from './follow.ts';
import type { LogFormat } from './format.ts';
import { jsonLines } from './json-lines.ts';
import type { LogRecord } from './records.ts';
import { type Start, startOfTail, startOfTime } from './seek.ts';

/** What to read. Times in nanoseconds since the epoch, both inclusive. */
export interface LogQuery {
	readonly since: bigint | null;
	readonly until: bigint | null;
	/** Records from the end; null: all. */
	readonly tail: number | null;
	/** Go on until `ended` resolves and the rest is read. */
	readonly follow: { readonly ended: Promise<unknown> } | null;
	readonly signal: AbortSignal;
}

const formats: Readonly<Record<'json-file' | 'local', LogFormat>> = { 'json-file': jsonLines, local: blocks };

/**
 * Reads a log with its older files (`.1`, `.2.gz` …), oldest first, in batches of records. Only what is asked for is read:
 * `tail` is found from the end, `since` by halving, and `until` ends it. What is damaged or torn is left out.
 */
export async function* readLog(
	formatName: 'json-file' | 'local',
	path: string,
	query: LogQuery,
): AsyncIterable<readonly LogRecord[]> {
	const format = formats[formatName];
	const range = new TimeRange(query);
	for await (const batch of allOf(path, format, query)) {
		if (query.signal.aborted) return;
		const records = range.take(batch);
		if (records.length > 0) yield records;
		if (range.passed) return;
	}
}

/** The records from where the query begins. */
async function* allOf(path: string, format: LogFormat, query: LogQuery): AsyncIterable<readonly LogRecord[]> {
	const { follow, signal } = query;
	if (query.tail === 0 && follow === null) return;
	const files = await openAll(path);
	let follower: Follower | null = null;
	try {
		const start = await startOf(files, format, query);
		// Opened first, so that nothing falls between what is there and what comes.
		const newest = files.at(-1) ?? null;
		for (const [index, file] of files.entries()) {
			if (index < start.file || file === newest) continue;
			yield* skipping(
				recordsOf(file, format, index === start.file ? start.position : 0),
				index === start.file ? start.skip : 0,
			);
		}
		const position = newest !== null && start.file === files.length - 1 ? start.position : 0;
		const decoder = format.decoder(position);
		if (newest !== null) {
			for await (const chunk of chunksOf(newest.handle, position, newest.size)) yield decoder.decode(chunk);
		}
		if (follow === null) return;
		follower = new Follower(path, format, files.pop() ?? null, newest?.size ?? 0, decoder);
		yield* follower.read(follow.ended, signal);
	} finally {
		await follower?.close();
		await closeAll(files);
	}
}

async function startOf(files: readonly LogFile[], format: LogFormat, { tail, since }: LogQuery): Promise<Start> {
	if (tail !== null) return startOfTail(files, format, tail);
	return since === null ? { file: 0, position: 0, skip: 0 } : startOfTime(files, format, since);
}

async function* skipping(
	batches: AsyncIterable<readonly LogRecord[]>,
	count: number,
): AsyncIterable<readonly LogRecord[]> {
	let left = count;
	for await (const batch of batches) {
		const rest = left === 0 ? batch : batch.slice(left);
		left = Math.max(0, left - batch.length);
		if (rest.length > 0) yield rest;
	}
}

/** Takes what is in a range of time. */
class TimeRange {
	/** A record was later than the range: the rest is as well. */
	passed = false;
	private last = '';
	private place: 'before' | 'in' | 'after' = 'in';

	constructor(private readonly query: Pick<LogQuery, 'since' | 'until'>) {}

	take(batch: readonly LogRecord[]): readonly LogRecord[] {
		const { since, until } = this.query;
		if (since === null && until === null) return batch;
		const taken: LogRecord[] = [];
		for (const record of batch) {
			// Lines that were written together have one time.
			if (record.time !== this.last) {
				this.last = record.time;
				this.place = this.placeOf(parseNano(record.time) ?? 0n);
			}
			if (this.place === 'after') {
				this.passed = true;
				return taken;
			}
			if (this.place === 'in') taken.push(record);
		}
		return taken;
	}

	private placeOf(time: bigint): 'before' | 'in' | 'after' {
		const { since, until } = this.query;
		if (until !== null && time > until) return 'after';
		return since !== null && time < since ? 'before' : 'in';
	}
}
