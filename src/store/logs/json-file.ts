import { createReadStream, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { parseNano } from '../../lib/time.ts';
import { type LogRecord, RecordParser } from './records.ts';

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

const chunkSize = 256 * 1024;
const newline = 10;

/**
 * Reads a json-file log with its rotated predecessors (`.1`, `.2.gz` …), oldest first, in batches of records.
 * A torn last line (a crash in the middle of a write) is left out.
 */
export async function* readJsonLog(path: string, query: LogQuery): AsyncIterable<readonly LogRecord[]> {
	if (query.tail === 0 && query.follow === null) return;
	const wanted = rangeOf(query);
	let handle = await openIfThere(path);
	let position = handle === null ? 0 : (await handle.stat()).size;
	try {
		if (query.tail === null) yield* filtered(wholeLog(path, position, handle), wanted);
		else if (query.tail > 0) yield* filtered(lastRecords(path, position, handle, query.tail), wanted);
		if (query.follow === null) return;
		for await (const lines of followFrom(path, { handle, position }, query.follow.ended, query.signal, (next) => {
			handle = next.handle;
			position = next.position;
		})) {
			const records = wanted(lines);
			if (records.length > 0) yield records;
			if (query.until !== null && lines.some((line) => (parseNano(line.time) ?? 0n) > (query.until ?? 0n))) return;
		}
	} finally {
		await handle?.close();
	}
}

/** The records of a batch that are in the range of time. */
function rangeOf({ since, until }: LogQuery): (batch: readonly LogRecord[]) => readonly LogRecord[] {
	if (since === null && until === null) return (batch) => batch;
	// Lines that were written together have one time.
	let last = '';
	let inRange = false;
	const wanted = ({ time }: LogRecord): boolean => {
		if (time !== last) {
			const at = parseNano(time) ?? 0n;
			inRange = (since === null || at >= since) && (until === null || at <= until);
			last = time;
		}
		return inRange;
	};
	return (batch) => batch.filter(wanted);
}

async function* filtered(
	batches: AsyncIterable<readonly LogRecord[]>,
	wanted: (batch: readonly LogRecord[]) => readonly LogRecord[],
): AsyncIterable<readonly LogRecord[]> {
	for await (const batch of batches) {
		const records = wanted(batch);
		if (records.length > 0) yield records;
	}
}

async function openIfThere(path: string): Promise<FileHandle | null> {
	try {
		return await open(path, 'r');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
		throw error;
	}
}

/** The rotated files that exist, oldest first. */
async function rotatedFiles(path: string): Promise<readonly string[]> {
	const found: string[] = [];
	for (let index = 1; ; index++) {
		const plain = `${path}.${index}`;
		if (await Bun.file(plain).exists()) found.unshift(plain);
		else if (await Bun.file(`${plain}.gz`).exists()) found.unshift(`${plain}.gz`);
		else return found;
	}
}

async function* wholeLog(path: string, size: number, handle: FileHandle | null): AsyncIterable<readonly LogRecord[]> {
	for (const file of await rotatedFiles(path)) yield* rotatedRecords(file);
	if (handle !== null) yield* recordsOf(chunksOf(handle, 0, size));
}

function rotatedRecords(file: string): AsyncIterable<readonly LogRecord[]> {
	const stream = createReadStream(file, { highWaterMark: chunkSize });
	return recordsOf(file.endsWith('.gz') ? stream.pipe(createGunzip({ chunkSize })) : stream);
}

async function* chunksOf(handle: FileHandle, from: number, to: number): AsyncIterable<Uint8Array> {
	for (let position = from; position < to; ) {
		const buffer = Buffer.allocUnsafe(Math.min(chunkSize, to - position));
		const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
		if (bytesRead === 0) return;
		position += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

/** Splits bytes into records; a rest without a newline is dropped. */
async function* recordsOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<readonly LogRecord[]> {
	const parser = new RecordParser();
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of chunks) {
		const bytes =
			rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
		const end = bytes.lastIndexOf(newline) + 1;
		rest = Buffer.from(bytes.subarray(end));
		if (end > 0) yield parser.parse(bytes.subarray(0, end));
	}
}

/** The last `count` records, reading backwards from the end; older files only when the newest has too few. */
async function* lastRecords(
	path: string,
	size: number,
	handle: FileHandle | null,
	count: number,
): AsyncIterable<readonly LogRecord[]> {
	const { position, found } = handle === null ? { position: 0, found: 0 } : await seekBack(handle, size, count);
	if (found < count) {
		let missing = count - found;
		const parts: (readonly LogRecord[])[] = [];
		for (const file of (await rotatedFiles(path)).toReversed()) {
			let kept: LogRecord[] = [];
			for await (const batch of rotatedRecords(file)) {
				kept.push(...batch);
				if (kept.length > missing) kept = kept.slice(-missing);
			}
			parts.unshift(kept);
			missing -= kept.length;
			if (missing <= 0) break;
		}
		yield* parts;
	}
	if (handle !== null) yield* recordsOf(chunksOf(handle, position, size));
}

/** Where the last `count` lines begin. */
async function seekBack(handle: FileHandle, size: number, count: number): Promise<{ position: number; found: number }> {
	const buffer = Buffer.allocUnsafe(64 * 1024);
	let found = 0;
	for (let end = size; end > 0; ) {
		const start = Math.max(0, end - buffer.length);
		const { bytesRead } = await handle.read(buffer, 0, end - start, start);
		for (
			let at = buffer.subarray(0, bytesRead).lastIndexOf(newline);
			at >= 0;
			at = at === 0 ? -1 : buffer.lastIndexOf(newline, at - 1)
		) {
			// The newline at the very end closes the last line, it does not begin another.
			if (start + at === size - 1) continue;
			found++;
			if (found === count) return { position: start + at + 1, found };
		}
		end = start;
	}
	return { position: 0, found: size === 0 ? 0 : found + 1 };
}

interface Place {
	readonly handle: FileHandle | null;
	readonly position: number;
}

/** Records as they are written, over rotations, until the writer has ended and all is read. Told by inotify. */
async function* followFrom(
	path: string,
	start: Place,
	ended: Promise<unknown>,
	signal: AbortSignal,
	moved: (place: Place) => void,
): AsyncIterable<readonly LogRecord[]> {
	const parser = new RecordParser();
	let { handle, position } = start;
	let finished = false;
	let wake: (() => void) | undefined;
	let dirty = true;
	const poke = (): void => {
		dirty = true;
		wake?.();
	};
	const name = basename(path);
	const watcher = watch(dirname(path), (_event, file) => {
		if (file === name || file === null) poke();
	});
	const done = (): void => {
		finished = true;
		poke();
	};
	ended.then(done, done);
	signal.addEventListener('abort', poke);
	let rest: Buffer = Buffer.alloc(0);
	try {
		for (;;) {
			if (signal.aborted) return;
			if (!dirty) {
				await new Promise<void>((resolve) => {
					wake = resolve;
					if (dirty) resolve();
				});
				continue;
			}
			dirty = false;
			const last = finished;
			const rotated = handle === null || (await isRotated(path, handle));
			if (handle !== null) {
				for await (const chunk of chunksOf(handle, position, Number.MAX_SAFE_INTEGER)) {
					position += chunk.length;
					const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
					const end = bytes.lastIndexOf(newline) + 1;
					rest = Buffer.from(bytes.subarray(end));
					if (end > 0) yield parser.parse(bytes.subarray(0, end));
					if (signal.aborted) return;
				}
			}
			if (rotated) {
				const next = await openIfThere(path);
				if (next !== null) {
					await handle?.close();
					handle = next;
					position = 0;
					rest = Buffer.alloc(0);
					dirty = true;
				}
			}
			moved({ handle, position });
			if (last && !dirty) return;
		}
	} finally {
		watcher.close();
		signal.removeEventListener('abort', poke);
		moved({ handle, position });
	}
}

/** Whether the path names another file than the one that is open. */
async function isRotated(path: string, handle: FileHandle): Promise<boolean> {
	const next = await openIfThere(path);
	if (next === null) return false;
	try {
		const [named, opened] = await Promise.all([next.stat(), handle.stat()]);
		return named.ino !== opened.ino;
	} finally {
		await next.close();
	}
}
