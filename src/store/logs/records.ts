/** One record of a container's log: a line, or a piece of one longer than 16 KiB. */
export interface LogRecord {
	readonly stream: 'stdout' | 'stderr';
	/** The text is `bytes` from `start` to `end`: UTF-8, with its newline unless it is a piece. Many records share one buffer. */
	readonly bytes: Buffer;
	readonly start: number;
	readonly end: number;
	/** RFC 3339 as written. */
	readonly time: string;
	readonly attributes: Readonly<Record<string, string>> | undefined;
}

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const head = '{"log":"';
const headBytes = Buffer.from(head);

/** What follows a record's text. The same for all lines that were written together, so that it is parsed once. */
interface Ending {
	readonly bytes: Uint8Array;
	readonly stream: 'stdout' | 'stderr';
	readonly time: string;
	readonly attributes: Readonly<Record<string, string>> | undefined;
}

/** Takes log lines apart without making strings of them: texts are unescaped where they lie. */
export class RecordParser {
	private ending: Ending | null = null;
	/** Where the text that was unescaped last ends, and its closing quote. */
	private textEnd = 0;
	private textClose = 0;

	/** The records of whole lines; what is none (zeros after a power loss, a torn line) is left out. Changes `bytes`. */
	parse(bytes: Buffer): LogRecord[] {
		const records: LogRecord[] = [];
		for (let start = 0; start < bytes.length; ) start = this.parseLine(bytes, start, records);
		return records;
	}

	/** Returns where the next line begins. */
	private parseLine(bytes: Buffer, lineStart: number, records: LogRecord[]): number {
		const start = lineStart + headBytes.length;
		if (!matches(bytes, lineStart, headBytes)) {
			const end = bytes.indexOf(newline, lineStart);
			const record = parseAnyLine(bytes.toString('utf8', lineStart, end));
			if (record !== null) records.push(record);
			return end + 1;
		}
		if (!this.unescape(bytes, start)) return bytes.indexOf(newline, this.textClose) + 1;
		const textEnd = this.textEnd;
		const textClose = this.textClose;
		let ending = this.ending;
		if (ending === null || !matches(bytes, textClose, ending.bytes)) {
			const next = bytes.indexOf(newline, textClose) + 1;
			ending = parseEnding(bytes.subarray(textClose, next));
			if (ending === null) return next;
			this.ending = ending;
		}
		const { stream, time, attributes } = ending;
		records.push({ stream, bytes, start, end: textEnd, time, attributes });
		return textClose + ending.bytes.length;
	}

	/** Unescapes the JSON string at `start` in place. False: it is none; `textClose` is then where that shows. */
	private unescape(bytes: Buffer, start: number): boolean {
		let from = start;
		for (let byte = bytes[from]; byte !== quote && byte !== backslash && byte !== newline; ) byte = bytes[++from];
		let to = from;
		for (;;) {
			const byte = bytes[from] as number;
			if (byte === quote || byte === newline) break;
			if (byte !== backslash) {
				bytes[to++] = byte;
				from++;
				continue;
			}
			const letter = bytes[from + 1] as number;
			const plain = unescaped[letter] as number;
			if (plain !== 0) {
				bytes[to++] = plain;
				from += 2;
				continue;
			}
			const length = letter === 0x75 ? escapeLength(bytes, from) : 0;
			if (length === 0) {
				this.textClose = from;
				return false;
			}
			// As text, in the rare case: surrogates are put together, or replaced when they are alone.
			to += bytes.write(JSON.parse(`"${bytes.toString('latin1', from, from + length)}"`), to, 'utf8');
			from += length;
		}
		this.textEnd = to;
		this.textClose = from;
		return bytes[from] === quote;
	}
}

/** Byte after a backslash → the byte that is meant; 0: no such escape. */
const unescaped = new Uint8Array(256);
for (const [letter, meant] of ['""', '\\\\', '//', 'n\n', 'r\r', 't\t', 'b\b', 'f\f'].map((pair) => [...pair])) {
	unescaped[letter?.charCodeAt(0) ?? 0] = meant?.charCodeAt(0) ?? 0;
}

/** Length of the `\uXXXX` at `at`, of two when they are a pair of surrogates; 0 when it is malformed. */
function escapeLength(bytes: Buffer, at: number): number {
	const match = /^\\u(?:[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|[0-9a-fA-F]{4})/.exec(
		bytes.toString('latin1', at, Math.min(at + 12, bytes.length)),
	);
	return match?.[0].length ?? 0;
}

function matches(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
	for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false;
	return true;
}

function parseEnding(bytes: Uint8Array): Ending | null {
	const record = parseAnyLine(`${head}${Buffer.from(bytes).toString('utf8')}`);
	if (record === null) return null;
	const { stream, time, attributes } = record;
	return { bytes: bytes.slice(), stream, time, attributes };
}

function parseAnyLine(line: string): LogRecord | null {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch (error) {
		if (error instanceof SyntaxError) return null;
		throw error;
	}
	if (typeof value !== 'object' || value === null) return null;
	const { log, stream, time, attrs } = value as Record<string, unknown>;
	if (typeof log !== 'string' || typeof time !== 'string') return null;
	const bytes = Buffer.from(log);
	return {
		stream: stream === 'stderr' ? 'stderr' : 'stdout',
		bytes,
		start: 0,
		end: bytes.length,
		time,
		attributes: typeof attrs === 'object' && attrs !== null ? (attrs as Record<string, string>) : undefined,
	};
}
