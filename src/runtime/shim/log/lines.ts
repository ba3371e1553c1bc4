import { randomBytes } from 'node:crypto';
import { preciseNano } from '../../../kernel/clock.ts';
import type { OutputStream } from '../output.ts';
import { wholeSequences } from './encode.ts';

/** Docker cuts a line that is longer than this into parts. */
export const partSize = 16 * 1024;
const newline = 10;

/** Which part of a line that was cut a message is. */
export interface Part {
	readonly id: string;
	/** From 1. */
	readonly ordinal: number;
	readonly last: boolean;
}

/** A line, or a part of one. */
export interface LogMessage {
	readonly stream: OutputStream;
	/** Without the newline. Valid until the receiver returns. */
	readonly text: Uint8Array;
	/** Nanoseconds since the epoch; all parts of a line have the first one's. */
	readonly time: bigint;
	/** Null: a whole line. */
	readonly part: Part | null;
}

interface Pending {
	readonly stream: OutputStream;
	bytes: Uint8Array | null;
	length: number;
	/** Set while a line that was cut goes on. */
	cut: { readonly id: string; readonly time: bigint; ordinal: number } | null;
}

/** Makes lines of the two streams of a process. */
export class LineSplitter {
	private readonly pending: Record<OutputStream, Pending> = { stdout: fresh('stdout'), stderr: fresh('stderr') };
	private time = 0n;

	constructor(private readonly receive: (message: LogMessage) => void) {}

	write(stream: OutputStream, chunk: Uint8Array): void {
		const pending = this.pending[stream];
		this.time = preciseNano();
		let start = 0;
		for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, start)) {
			start = this.cutParts(pending, chunk, start, at);
			this.finishLine(pending, chunk.subarray(start, at));
			start = at + 1;
		}
		start = this.cutParts(pending, chunk, start, chunk.length);
		keep(pending, chunk.subarray(start));
	}

	/** The streams have ended: what has no newline yet comes as it is. */
	end(): void {
		this.time = preciseNano();
		for (const pending of Object.values(this.pending)) {
			if (pending.bytes === null || pending.length === 0) continue;
			this.emitPart(pending, pending.bytes.subarray(0, pending.length), false);
			pending.length = 0;
		}
	}

	/** Emits full parts of a line that is too long; returns where the rest begins, which fits into one part. */
	private cutParts(pending: Pending, chunk: Uint8Array, start: number, end: number): number {
		let from = start;
		while (pending.length + (end - from) >= partSize) {
			const room = partSize - pending.length;
			keep(pending, chunk.subarray(from, from + room));
			from += room;
			const bytes = pending.bytes as Uint8Array;
			const whole = wholeSequences(bytes, 0, partSize);
			this.emitPart(pending, bytes.subarray(0, whole), false);
			bytes.copyWithin(0, whole, partSize);
			pending.length = partSize - whole;
		}
		return from;
	}

	private finishLine(pending: Pending, rest: Uint8Array): void {
		let text = rest;
		if (pending.length > 0) {
			keep(pending, rest);
			text = (pending.bytes as Uint8Array).subarray(0, pending.length);
			pending.length = 0;
		}
		if (pending.cut !== null) this.emitPart(pending, text, true);
		else this.receive({ stream: pending.stream, text, time: this.time, part: null });
	}

	private emitPart(pending: Pending, text: Uint8Array, last: boolean): void {
		pending.cut ??= { id: randomBytes(32).toString('hex'), time: this.time, ordinal: 0 };
		const { id, time } = pending.cut;
		const ordinal = ++pending.cut.ordinal;
		if (last) pending.cut = null;
		this.receive({ stream: pending.stream, text, time, part: { id, ordinal, last } });
	}
}

function fresh(stream: OutputStream): Pending {
	return { stream, bytes: null, length: 0, cut: null };
}

function keep(pending: Pending, piece: Uint8Array): void {
	if (piece.length === 0) return;
	pending.bytes ??= new Uint8Array(partSize);
	pending.bytes.set(piece, pending.length);
	pending.length += piece.length;
}
