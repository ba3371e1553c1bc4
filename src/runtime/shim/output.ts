import { closeSync } from 'node:fs';
import type { Link } from '../link.ts';
import type { LogWriter } from './log/writer.ts';

/** Which output a byte came from; the number is the stream byte of Docker's frames. */
export type OutputStream = 'stdout' | 'stderr';

/** How long an output may stay silent after its process ended while something else still holds it, in milliseconds. */
const lingerIdle = 150;

interface Subscriber {
	readonly link: Link;
	readonly stdout: boolean;
	readonly stderr: boolean;
}

/**
 * Takes the output of one process to its log and to the clients that are attached. Nothing is dropped: a client that
 * reads slowly slows the process down, and so does a log that asks for it.
 */
export class Output {
	private readonly subscribers = new Set<Subscriber>();
	private readonly pumps: Promise<void>[] = [];
	private readonly readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
	private draining = false;
	private closed = false;
	private lastData = 0;
	private wakeUp: () => void = () => {};
	private readonly drainStarted: Promise<void>;

	constructor(
		private readonly log: LogWriter,
		private readonly framed: boolean,
	) {
		this.drainStarted = new Promise((resolve) => {
			this.wakeUp = resolve;
		});
	}

	/** Sends a client everything from now on. After the end of the output the client is closed at once. */
	subscribe(subscriber: Subscriber): void {
		if (this.closed) subscriber.link.end();
		else this.subscribers.add(subscriber);
	}

	unsubscribe(link: Link): void {
		for (const each of this.subscribers) if (each.link === link) this.subscribers.delete(each);
	}

	/** Makes the log ready. @throws EngineError: why the process must not start */
	open(): Promise<void> {
		return this.log.open();
	}

	/** Starts to read a descriptor, which is closed at its end. */
	pump(fd: number, stream: OutputStream): void {
		this.pumps.push(this.run(fd, stream));
	}

	/** The process has ended: reads what is left, closes the clients. Bounded in time even if another process holds the pipe. */
	async finish(): Promise<void> {
		this.draining = true;
		this.wakeUp();
		const done = Promise.all(this.pumps);
		this.lastData = Date.now();
		let finished = false;
		void done.then(() => {
			finished = true;
		});
		await doneOrIdle(done, () => finished || Date.now() - this.lastData > lingerIdle);
		for (const reader of this.readers) void reader.cancel().catch(() => {});
		this.log.end();
		this.closed = true;
		for (const { link } of this.subscribers) link.end();
	}

	/** Resolves once every client has everything, or is gone, and the log is in order. */
	async delivered(): Promise<void> {
		await Promise.all([...this.subscribers].map(({ link }) => link.drained()));
		await this.log.settled();
	}

	private async run(fd: number, stream: OutputStream): Promise<void> {
		const reader = Bun.file(fd).stream().getReader() as ReadableStreamDefaultReader<Uint8Array>;
		this.readers.push(reader);
		try {
			for (;;) {
				const { value, done } = await reader.read();
				if (done) break;
				if (this.closed) continue;
				this.lastData = Date.now();
				this.log.write(stream, value);
				this.broadcast(stream, value);
				if (!this.draining) await this.relief();
			}
		} catch (error) {
			// The master of a terminal reports its hang-up as EIO: that is its end of file.
			if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
		} finally {
			closeSync(fd);
		}
	}

	private broadcast(stream: OutputStream, chunk: Uint8Array): void {
		if (this.subscribers.size === 0) return;
		const header = this.framed ? frameHeader(stream, chunk.length) : null;
		for (const subscriber of this.subscribers) {
			if (subscriber.link.isGone) this.subscribers.delete(subscriber);
			if (!subscriber[stream]) continue;
			if (header !== null) subscriber.link.write(header);
			subscriber.link.write(chunk);
		}
	}

	private async relief(): Promise<void> {
		const { congestion } = this.log;
		const congested = [...this.subscribers].filter(({ link }) => link.isCongested);
		if (congested.length === 0 && congestion === null) return;
		await Promise.race([Promise.all([congestion, ...congested.map(({ link }) => link.drained())]), this.drainStarted]);
	}
}

/** Resolves with the first of: the promise, or `isIdle` saying so. */
async function doneOrIdle(done: Promise<unknown>, isIdle: () => boolean): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		const timer = setInterval(() => {
			if (isIdle()) settle(resolve);
		}, lingerIdle / 3);
		const settle = (then: () => void): void => {
			clearInterval(timer);
			then();
		};
		done.then(
			() => settle(resolve),
			(error) => settle(() => reject(error)),
		);
	});
}

/** Docker's stdcopy header: stream (1 or 2), three zeros, the length as a big-endian 32-bit number. */
export function frameHeader(stream: OutputStream, length: number): Uint8Array {
	const header = new Uint8Array(8);
	header[0] = stream === 'stdout' ? 1 : 2;
	header[4] = (length >>> 24) & 0xff;
	header[5] = (length >>> 16) & 0xff;
	header[6] = (length >>> 8) & 0xff;
	header[7] = length & 0xff;
	return header;
}
