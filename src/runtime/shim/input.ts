import { closeSync } from 'node:fs';
import type { FileSink } from 'bun';
import type { Link } from '../link.ts';

/** A process's stdin. Bytes that come before it is opened wait with the client that sent them. */
export class Input {
	private sink: FileSink | null = null;
	private fd = -1;
	private closed = false;
	private last: Promise<void>;
	private open: (() => void) | null = null;

	constructor() {
		this.last = new Promise((resolve) => {
			this.open = resolve;
		});
	}

	/** Gives the descriptor to write to; non-blocking. It is closed with the input. */
	attach(fd: number): void {
		this.fd = fd;
		this.sink = Bun.file(fd).writer();
		this.open?.();
	}

	/** Writes a client's bytes in order; the client is not read from until they are taken. */
	write(chunk: Uint8Array, from: Link): void {
		from.pause();
		this.last = this.last.then(() => this.send(chunk)).then(() => from.resume());
	}

	/** Ends the process's stdin after what has been written. */
	end(): void {
		this.last = this.last.then(() => this.close());
	}

	/** Closes at once; the process is gone. */
	close(): void {
		if (this.closed) return;
		this.closed = true;
		this.open?.();
		const { sink } = this;
		const fd = this.fd;
		this.sink = null;
		if (sink === null) return;
		// What is still to be written may find the reader gone: that is the process's own affair.
		void Promise.resolve(sink.end())
			.catch(() => {})
			.finally(() => closeSync(fd));
	}

	private async send(chunk: Uint8Array): Promise<void> {
		if (this.sink === null) return;
		try {
			this.sink.write(chunk);
			await this.sink.flush();
		} catch (error) {
			// The reader is gone: what a client still types goes nowhere, as into a closed pipe.
			const code = (error as NodeJS.ErrnoException).code;
			if (code !== 'EPIPE' && code !== 'EIO') throw error;
			this.close();
		}
	}
}
