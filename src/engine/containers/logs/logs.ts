import { EngineError } from '../../../errors.ts';
import type { Container } from '../model.ts';
import type { LogOptions } from '../service.ts';
import { readableLog } from './log-config.ts';

/** One record of a log. Structurally what the log store yields. */
export interface LogRecord {
	readonly stream: 'stdout' | 'stderr';
	/** The text is `bytes` from `start` to `end`. */
	readonly bytes: Buffer;
	readonly start: number;
	readonly end: number;
	readonly time: string;
	readonly attributes: Readonly<Record<string, string>> | undefined;
}

/** The files of a log. */
export interface ReadableLog {
	readonly format: 'json-file' | 'local';
	readonly path: string;
}

/** Reads a container's log. */
export type LogReader = (
	log: ReadableLog,
	query: {
		readonly since: bigint | null;
		readonly until: bigint | null;
		readonly tail: number | null;
		readonly follow: { readonly ended: Promise<unknown> } | null;
		readonly signal: AbortSignal;
	},
) => AsyncIterable<readonly LogRecord[]>;

const frameHeader = 8;
const longestTimer = 2 ** 31 - 1;

/** Puts Docker's stdcopy header before a payload. Source: Engine API, ContainerAttach, "Stream format". */
export function frame(stream: 'stdout' | 'stderr', text: string): Buffer {
	const length = Buffer.byteLength(text);
	const bytes = Buffer.allocUnsafe(frameHeader + length);
	writeHeader(bytes, 0, stream, length);
	bytes.write(text, frameHeader);
	return bytes;
}

/** Stream (1 or 2), three zeros, the length as a big-endian number. */
function writeHeader(out: Buffer, at: number, stream: 'stdout' | 'stderr', length: number): void {
	out.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, at);
	out.writeUInt32BE(length, at + 4);
}

function printDetails(attributes: Readonly<Record<string, string>> | undefined): string {
	const pairs = Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return `${pairs.map(([key, value]) => `${queryEscape(key)}=${queryEscape(value)}`).join(',')} `;
}

/** Go's `url.QueryEscape`. */
function queryEscape(text: string): string {
	return encodeURIComponent(text)
		.replaceAll('%20', '+')
		.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

const noPrefix = Buffer.alloc(0);

/** What is printed before a record's text. Lines that were written together share it. */
function prefixes(options: LogOptions): (record: LogRecord) => Buffer {
	if (!options.timestamps && !options.details) return () => noPrefix;
	let last: LogRecord | null = null;
	let prefix = noPrefix;
	return (record) => {
		if (last === null || last.time !== record.time || last.attributes !== record.attributes) {
			const details = options.details ? printDetails(record.attributes) : '';
			prefix = Buffer.from(`${options.timestamps ? `${fixedTime(record.time)} ` : ''}${details}`);
			last = record;
		}
		return prefix;
	};
}

/** With nine digits of fraction, as docker prints it: the log's own form leaves zeros at the end away. */
function fixedTime(time: string): string {
	const match = /^([^.]+)(?:\.(\d{1,8}))?Z$/.exec(time);
	return match === null ? time : `${match[1]}.${(match[2] ?? '').padEnd(9, '0')}Z`;
}

/** Records as they are sent: bare, or each in a frame of its own, which clients that show line by line count on. */
function printRecords(records: readonly LogRecord[], raw: boolean, prefixOf: (record: LogRecord) => Buffer): Buffer {
	let size = raw ? 0 : records.length * frameHeader;
	for (const record of records) size += prefixOf(record).length + record.end - record.start;
	const out = Buffer.allocUnsafe(size);
	let at = 0;
	for (const record of records) {
		const prefix = prefixOf(record);
		const length = prefix.length + record.end - record.start;
		if (!raw) {
			writeHeader(out, at, record.stream, length);
			at += frameHeader;
		}
		if (prefix.length > 0) prefix.copy(out, at);
		record.bytes.copy(out, at + prefix.length, record.start, record.end);
		at += length;
	}
	return out;
}

/** A container's log as attach sends it. `ended` resolves when it ends; null when it does not run. */
export async function* readLogs(
	container: Container,
	log: ReadableLog,
	ended: Promise<unknown> | null,
	options: LogOptions,
	signal: AbortSignal,
	read: LogReader,
): AsyncIterable<Uint8Array> {
	const abort = new AbortController();
	const onAbort = () => abort.abort();
	signal.addEventListener('abort', onAbort);
	if (signal.aborted) onAbort();
	// A follow with an end in the future ends then, whether lines come or not.
	const remaining = options.until === null ? null : Number(options.until / 1_000_000n) - Date.now();
	const timer =
		options.follow && remaining !== null
			? setTimeout(onAbort, Math.min(Math.max(remaining, 0), longestTimer))
			: undefined;
	const raw = container.config.tty;
	const prefixOf = prefixes(options);
	try {
		for await (const records of read(log, {
			since: options.since,
			until: options.until,
			tail: options.tail,
			follow: options.follow && ended !== null ? { ended } : null,
			signal: abort.signal,
		})) {
			const wanted =
				options.stdout && options.stderr
					? records
					: records.filter(({ stream }) => (stream === 'stdout' ? options.stdout : options.stderr));
			if (wanted.length > 0) yield printRecords(wanted, raw, prefixOf);
		}
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', onAbort);
	}
}

/**
 * The log to read. `jsonPath`: where `json-file` writes.
 * @throws `unsupported` when the container keeps none, `invalid_argument` when no stream is asked for
 */
export function checkLogRequest({ hostConfig }: Container, jsonPath: string, options: LogOptions): ReadableLog {
	if (!options.stdout && !options.stderr) {
		throw new EngineError('invalid_argument', 'Bad parameters: you must choose at least one stream');
	}
	const log = readableLog({ driver: hostConfig.logDriver, options: hostConfig.logOptions }, jsonPath);
	if (log === null) throw new EngineError('unsupported', 'configured logging driver does not support reading');
	return log;
}
