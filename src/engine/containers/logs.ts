import { EngineError } from '../../errors.ts';
import type { Container } from './model.ts';
import type { LogOptions } from './service.ts';

/** One record of a log. Structurally what the log store yields. */
export interface LogRecord {
	readonly stream: 'stdout' | 'stderr';
	readonly text: string;
	readonly time: string;
	readonly attributes: Readonly<Record<string, string>> | undefined;
}

/** Reads a container's log file. */
export type LogReader = (
	path: string,
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
	bytes.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0);
	bytes.writeUInt32BE(length, 4);
	bytes.write(text, frameHeader);
	return bytes;
}

function printDetails(attributes: Readonly<Record<string, string>> | undefined): string {
	const pairs = Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return `${pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join(',')} `;
}

function printRecord(record: LogRecord, options: LogOptions): string {
	const details = options.details ? printDetails(record.attributes) : '';
	return `${options.timestamps ? `${record.time} ` : ''}${details}${record.text}`;
}

/** A container's log as attach sends it. `ended` resolves when it ends; null when it does not run. */
export async function* readLogs(
	container: Container,
	path: string,
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
	try {
		for await (const records of read(path, {
			since: options.since,
			until: options.until,
			tail: options.tail,
			follow: options.follow && ended !== null ? { ended } : null,
			signal: abort.signal,
		})) {
			const wanted = records.filter((record) => (record.stream === 'stdout' ? options.stdout : options.stderr));
			if (wanted.length === 0) continue;
			if (raw) yield Buffer.from(wanted.map((record) => printRecord(record, options)).join(''));
			else yield Buffer.concat(wanted.map((record) => frame(record.stream, printRecord(record, options))));
		}
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', onAbort);
	}
}

/** @throws `unsupported` when the container keeps no log, `invalid_argument` when no stream is asked for. */
export function checkLogRequest(container: Container, options: LogOptions): void {
	if (!options.stdout && !options.stderr) {
		throw new EngineError('invalid_argument', 'Bad parameters: you must choose at least one stream');
	}
	if (container.hostConfig.logDriver === 'none') {
		throw new EngineError('unsupported', 'configured logging driver does not support reading');
	}
}
