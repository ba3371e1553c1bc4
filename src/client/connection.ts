import { EngineError } from '../errors.ts';
import type { ByteDuplex } from '../lib/byte-duplex.ts';
import type { Endpoint } from './endpoint.ts';

/** Above this many unread bytes the transport is paused. */
const highWater = 1 << 20;
/** What waits in a paused queue resumes the transport below this. */
const lowWater = 1 << 18;

/** What carries a connection's bytes: a socket, a program's standard streams. */
export interface Transport {
	/** Sends all of it; resolves when the peer's buffer took it. Rejects when the peer is gone. */
	write(chunk: Uint8Array): Promise<void>;
	/** Closes our side. */
	end(): void;
	/** Drops both directions. */
	destroy(): void;
	/** Stops and starts {@link TransportEvents.data}. */
	pause(): void;
	resume(): void;
}

/** What a transport tells. */
export interface TransportEvents {
	data(chunk: Uint8Array): void;
	/** The peer sends no more; with an error when the connection broke. */
	ended(error: Error | null): void;
	/** Both directions are closed. */
	closed(): void;
}

/** A client's connection: bytes both ways with back-pressure, half-close and push-back of bytes read too far. */
export class Connection implements ByteDuplex {
	readonly closed: Promise<void>;
	private transport: Transport | null = null;
	private readonly chunks: Uint8Array[] = [];
	private buffered = 0;
	private paused = false;
	private finished = false;
	private failure: Error | null = null;
	private wakeReader: (() => void) | null = null;

	private constructor(
		private readonly markClosed: () => void,
		closed: Promise<void>,
	) {
		this.closed = closed;
	}

	/**
	 * Connects to a daemon.
	 * @throws what the socket says (`code` ENOENT, ECONNREFUSED, EACCES …).
	 */
	static async open(endpoint: Endpoint): Promise<Connection> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const connection = new Connection(resolve, promise);
		const events: TransportEvents = {
			data: (chunk) => connection.received(chunk),
			ended: (error) => connection.finish(error),
			closed: () => connection.markClosed(),
		};
		connection.transport = await openTransport(endpoint, events);
		return connection;
	}

	/** The next bytes; null at the end. @throws when the connection broke. */
	async read(): Promise<Uint8Array | null> {
		for (;;) {
			const chunk = this.chunks.shift();
			if (chunk !== undefined) {
				this.buffered -= chunk.length;
				if (this.paused && this.buffered <= lowWater) this.resume();
				return chunk;
			}
			if (this.failure !== null) throw this.failure;
			if (this.finished) return null;
			await new Promise<void>((resolve) => {
				this.wakeReader = resolve;
			});
		}
	}

	/** Gives bytes back that the next {@link read} returns. */
	unread(chunk: Uint8Array): void {
		if (chunk.length === 0) return;
		this.chunks.unshift(chunk);
		this.buffered += chunk.length;
	}

	/** True while nothing waits to be read and the peer has not closed: fit for another request. */
	get idle(): boolean {
		return !this.finished && this.failure === null && this.chunks.length === 0;
	}

	get readable(): AsyncIterable<Uint8Array> {
		return this.iterate();
	}

	private async *iterate(): AsyncGenerator<Uint8Array> {
		for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
	}

	async write(chunk: Uint8Array): Promise<void> {
		if (this.transport === null || this.failure !== null) throw this.failure ?? gone();
		await this.transport.write(chunk);
	}

	end(): void {
		this.transport?.end();
	}

	destroy(): void {
		this.transport?.destroy();
		this.finish(null);
	}

	private received(chunk: Uint8Array): void {
		this.chunks.push(chunk);
		this.buffered += chunk.length;
		if (!this.paused && this.buffered > highWater) {
			this.paused = true;
			this.transport?.pause();
		}
		this.wake();
	}

	private resume(): void {
		this.paused = false;
		this.transport?.resume();
	}

	private wake(): void {
		const wake = this.wakeReader;
		this.wakeReader = null;
		wake?.();
	}

	private finish(error: Error | null): void {
		this.finished = true;
		if (error !== null) this.failure ??= error;
		this.wake();
	}
}

/** The error for a write into a connection that is closed. */
export function gone(): EngineError {
	return new EngineError('unavailable', 'the connection to the daemon is closed');
}

async function openTransport(endpoint: Endpoint, events: TransportEvents): Promise<Transport> {
	if (endpoint.kind === 'ssh') return (await import('./ssh-transport.ts')).openSsh(endpoint, events);
	return (await import('./socket-transport.ts')).openSocket(endpoint, events);
}
