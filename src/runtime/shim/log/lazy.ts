import type { OutputStream } from '../output.ts';
import type { LogWriter } from './writer.ts';

/** A log whose code is loaded when it is opened: a container pays for the driver that it has. */
export class LazyLog implements LogWriter {
	private writer: LogWriter | null = null;

	constructor(private readonly load: () => Promise<LogWriter>) {}

	async open(): Promise<void> {
		const writer = await this.load();
		await writer.open();
		this.writer = writer;
	}

	write(stream: OutputStream, chunk: Uint8Array): void {
		this.writer?.write(stream, chunk);
	}

	get congestion(): Promise<void> | null {
		return this.writer?.congestion ?? null;
	}

	end(): void {
		this.writer?.end();
	}

	settled(): Promise<void> {
		return this.writer?.settled() ?? Promise.resolve();
	}
}
