import type { FileHandle } from 'node:fs/promises';
import { parseNano } from '../../lib/time.ts';
import { type LogDecoder, type LogFormat, type RecordPlace, readAt } from './format.ts';
import { type LogRecord, RecordParser } from './records.ts';

const newline = 10;
const window = 64 * 1024;

/** Docker's json-file: a JSON object a line. */
export const jsonLines: LogFormat = { decoder: () => new LineDecoder(), seekBack, recordAfter };

class LineDecoder implements LogDecoder {
	private readonly parser = new RecordParser();
	private rest: Buffer = Buffer.alloc(0);

	decode(chunk: Buffer): readonly LogRecord[] {
		const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
		const end = bytes.lastIndexOf(newline) + 1;
		this.rest = Buffer.from(bytes.subarray(end));
		return end === 0 ? [] : this.parser.parse(bytes.subarray(0, end));
	}
}

async function seekBack(handle: FileHandle, size: number, count: number): Promise<{ position: number; found: number }> {
	let found = -1;
	for (let end = size; end > 0; ) {
		const start = Math.max(0, end - window);
		const bytes = await readAt(handle, start, end - start);
		for (let at = bytes.lastIndexOf(newline); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)) {
			// The first one met ends the last line, it does not begin another; what is behind it is torn.
			found++;
			if (found === count) return { position: start + at + 1, found };
		}
		end = start;
	}
	return { position: 0, found: found + 1 };
}

async function recordAfter(handle: FileHandle, from: number, size: number): Promise<RecordPlace | null> {
	const parser = new RecordParser();
	// One byte earlier: a line that begins right there has its newline before it.
	let position = Math.max(0, from - 1);
	let inLine = from > 0;
	let line: Buffer = Buffer.alloc(0);
	let lineStart = position;
	while (position < size) {
		const bytes = await readAt(handle, position, Math.min(window, size - position));
		if (bytes.length === 0) return null;
		for (let start = 0; start < bytes.length; ) {
			const at = bytes.indexOf(newline, start);
			const end = at < 0 ? bytes.length : at + 1;
			if (!inLine) line = Buffer.concat([line, bytes.subarray(start, end)]);
			start = end;
			if (at < 0) break;
			const [record] = inLine ? [] : parser.parse(line);
			const time = record === undefined ? null : parseNano(record.time);
			if (time !== null) return { position: lineStart, time };
			inLine = false;
			line = Buffer.alloc(0);
			lineStart = position + end;
		}
		position += bytes.length;
	}
	return null;
}
