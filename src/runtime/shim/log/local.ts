import { closeSync, openSync, readSync } from 'node:fs';
import { blockSize, leftInBlock, readRecord, recordHeader, writeRecord } from '../../../lib/log-blocks.ts';
import type { LogFiles } from '../../protocol.ts';
import type { OutputStream } from '../output.ts';
import { LineSplitter, type LogMessage } from './lines.ts';
import { LogFile } from './log-file.ts';
import type { LogWriter } from './writer.ts';

/** Writes the `local` log: records in blocks (see lib/log-blocks.ts), with rotation by size. */
export class LocalWriter implements LogWriter {
	readonly congestion = null;
	private readonly file: LogFile;
	private readonly lines = new LineSplitter((message) => this.add(message));
	private readonly out = Buffer.alloc(4 * blockSize);
	private filled = 0;

	constructor(private readonly target: LogFiles) {
		this.file = new LogFile(target);
		this.file.truncate(endOfRecords(target.path, this.file.size));
	}

	open(): Promise<void> {
		return Promise.resolve();
	}

	write(stream: OutputStream, chunk: Uint8Array): void {
		this.lines.write(stream, chunk);
		this.flush();
	}

	end(): void {
		this.lines.end();
		this.flush();
		this.file.close();
	}

	settled(): Promise<void> {
		return this.file.settled();
	}

	private add({ stream, text, time, part }: LogMessage): void {
		const { maxSize } = this.target;
		if (maxSize >= 0 && this.file.size + this.filled >= maxSize) {
			this.flush();
			if (this.file.size >= maxSize) this.file.rotate();
		}
		const newline = part === null || part.last;
		const size = recordHeader + text.length + (newline ? 1 : 0);
		if (this.out.length - this.filled < size + blockSize) this.flush();
		const left = leftInBlock(this.file.size + this.filled);
		if (left < size) {
			this.out.fill(0, this.filled, this.filled + left);
			this.filled += left;
		}
		this.filled = writeRecord(this.out, this.filled, { stream, time, text, newline });
	}

	private flush(): void {
		this.file.append(this.out, this.filled);
		this.filled = 0;
	}
}

/** Where a file's good records end: a crash may have left half a one. */
function endOfRecords(path: string, size: number): number {
	const start = size - (size % blockSize);
	const block = Buffer.alloc(size - start);
	const fd = openSync(path, 'r');
	try {
		readSync(fd, block, 0, block.length, start);
	} finally {
		closeSync(fd);
	}
	for (let at = 0; ; ) {
		const record = readRecord(block, at, block.length, leftInBlock(start + at));
		if (typeof record === 'string') return start + at;
		at = record.end;
	}
}
