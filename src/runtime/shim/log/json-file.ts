import { preciseNow } from '../../../kernel/clock.ts';
import type { LogTarget } from '../../protocol.ts';
import type { OutputStream } from '../output.ts';
import { encodeJsonText, maxExpansion, wholeSequences } from './encode.ts';
import { LogFile } from './log-file.ts';

/** Docker cuts a line that is longer than this into parts without a newline. */
const partSize = 16 * 1024;
/** Encoded bytes that are collected before they are written. */
const flushSize = 256 * 1024;
const newline = 10;
const encoder = new TextEncoder();

interface Pending {
	readonly bytes: Uint8Array;
	length: number;
	readonly suffix: Uint8Array;
}

/** Writes Docker's json-file log: one JSON object a line, with rotation by size. */
export class JsonFileWriter {
	readonly congestion = null;
	private readonly file: LogFile;
	private out: Uint8Array;
	private filled = 0;
	private tail: Uint8Array = new Uint8Array(0);
	private readonly pending: Record<OutputStream, Pending>;
	private readonly attributes: string;
	private static readonly head = encoder.encode('{"log":"');

	constructor(private readonly target: Extract<LogTarget, { driver: 'json-file' }>) {
		this.file = new LogFile(target);
		this.out = new Uint8Array(32 * 1024);
		const given = Object.keys(target.attributes).length > 0;
		this.attributes = given ? `,"attrs":${JSON.stringify(target.attributes)}` : '';
		this.pending = { stdout: this.newPending('stdout'), stderr: this.newPending('stderr') };
	}

	open(): Promise<void> {
		return Promise.resolve();
	}

	write(stream: OutputStream, chunk: Uint8Array): void {
		const pending = this.pending[stream];
		this.stamp();
		let start = 0;
		for (;;) {
			const at = chunk.indexOf(newline, start);
			const end = at < 0 ? chunk.length : at;
			start = this.takeParts(pending, chunk, start, end);
			if (at < 0) break;
			this.finishLine(pending, chunk, start, end);
			start = at + 1;
		}
		this.keep(pending, chunk, start);
		this.flush();
	}

	end(): void {
		this.stamp();
		for (const pending of Object.values(this.pending)) {
			if (pending.length > 0) this.emit(pending, pending.bytes, 0, pending.length, false);
			pending.length = 0;
		}
		this.flush();
		this.file.close();
	}

	/** Resolves once rotated files are compressed. */
	settled(): Promise<void> {
		return this.file.settled();
	}

	private newPending(stream: OutputStream): Pending {
		return { bytes: new Uint8Array(partSize), length: 0, suffix: encoder.encode(`","stream":"${stream}"`) };
	}

	private stamp(): void {
		this.tail = encoder.encode(`${this.attributes},"time":"${preciseNow()}"}\n`);
	}

	/** Emits full parts of a line that is too long; returns where the rest begins, which fits into one part. */
	private takeParts(pending: Pending, chunk: Uint8Array, start: number, end: number): number {
		let from = start;
		while (pending.length + (end - from) >= partSize) {
			if (pending.length === 0) {
				const cut = wholeSequences(chunk, from, from + partSize);
				this.emit(pending, chunk, from, cut, false);
				from = cut;
				continue;
			}
			from = this.keep(pending, chunk, from, partSize - pending.length);
			const cut = wholeSequences(pending.bytes, 0, pending.length);
			this.emit(pending, pending.bytes, 0, cut, false);
			pending.bytes.copyWithin(0, cut, pending.length);
			pending.length -= cut;
		}
		return from;
	}

	private finishLine(pending: Pending, chunk: Uint8Array, start: number, end: number): void {
		if (pending.length === 0) {
			this.emit(pending, chunk, start, end, true);
			return;
		}
		this.keep(pending, chunk, start, end - start);
		this.emit(pending, pending.bytes, 0, pending.length, true);
		pending.length = 0;
	}

	private keep(pending: Pending, chunk: Uint8Array, start: number, count = chunk.length - start): number {
		pending.bytes.set(chunk.subarray(start, start + count), pending.length);
		pending.length += count;
		return start + count;
	}

	private emit(pending: Pending, source: Uint8Array, start: number, end: number, whole: boolean): void {
		if (this.target.maxSize >= 0 && this.file.size + this.filled >= this.target.maxSize) this.rotate();
		this.reserve((end - start) * maxExpansion + pending.suffix.length + this.tail.length + 16);
		const { out } = this;
		let at = this.filled;
		out.set(JsonFileWriter.head, at);
		at = encodeJsonText(out, at + JsonFileWriter.head.length, source, start, end);
		if (whole) {
			out[at++] = 0x5c;
			out[at++] = 0x6e;
		}
		out.set(pending.suffix, at);
		at += pending.suffix.length;
		out.set(this.tail, at);
		this.filled = at + this.tail.length;
	}

	private reserve(bytes: number): void {
		if (this.filled + bytes <= this.out.length) return;
		if (this.filled >= flushSize) this.flush();
		if (this.filled + bytes <= this.out.length) return;
		const grown = new Uint8Array(Math.max(this.filled + bytes, Math.min(this.out.length * 2, 2 * flushSize)));
		grown.set(this.out.subarray(0, this.filled));
		this.out = grown;
	}

	private rotate(): void {
		this.flush();
		if (this.file.size >= this.target.maxSize) this.file.rotate();
	}

	private flush(): void {
		this.file.append(this.out, this.filled);
		this.filled = 0;
	}
}
