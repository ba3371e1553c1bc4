import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogFiles } from '../../protocol.ts';
import { LogRotation } from './rotation.ts';

/** The newest file of a log, open for appending. */
export class LogFile {
	private fd: number;
	private length: number;
	private readonly rotation: LogRotation;

	constructor(private readonly target: LogFiles) {
		mkdirSync(dirname(target.path), { recursive: true, mode: 0o710 });
		this.fd = openSync(target.path, 'a', 0o640);
		this.length = fstatSync(this.fd).size;
		this.rotation = new LogRotation(target);
	}

	/** Bytes in the file. */
	get size(): number {
		return this.length;
	}

	/** Appends the first `count` bytes, or none of them when they do not fit on the disk. @throws what the kernel says else */
	append(bytes: Uint8Array, count: number): void {
		let done = 0;
		try {
			while (done < count) done += writeSync(this.fd, bytes, done, count - done);
			this.length += done;
		} catch (error) {
			// A full disk must not stop the container, nor leave half a line: what did not fit is lost.
			const { code } = error as NodeJS.ErrnoException;
			if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') throw error;
			ftruncateSync(this.fd, this.length);
		}
	}

	/** Cuts off what is behind `length`. */
	truncate(length: number): void {
		ftruncateSync(this.fd, length);
		this.length = length;
	}

	/** Puts this file among the older ones and begins another. */
	rotate(): void {
		closeSync(this.fd);
		this.rotation.rotate();
		this.fd = openSync(this.target.path, 'w', 0o640);
		this.length = 0;
	}

	close(): void {
		closeSync(this.fd);
	}

	/** Resolves once older files are compressed. */
	settled(): Promise<void> {
		return this.rotation.settled();
	}
}
