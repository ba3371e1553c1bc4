import type { Socket } from 'bun';
import { EngineError } from '../errors.ts';
import type { ByteDuplex } from '../lib/byte-duplex.ts';
import type { Endpoint, TlsFiles } from './endpoint.ts';

/** Above this many unread bytes the socket is paused. */
const highWater = 1 << 20;
/** What waits in a paused queue resumes the socket below this. */
const lowWater = 1 << 18;

/** A client's connection: bytes both ways with back-pressure, half-close and push-back of bytes read too far. */
export class Connection implements ByteDuplex {
	readonly closed: Promise<void>;
	private readonly markClosed: () => void;
	private socket: Socket<undefined> | null = null;
	private chunks: Uint8Array[] = [];
	private buffered = 0;
	private paused = false;
	private ended = false;
	private failure: Error | null = null;
	private wakeReader: (() => void) | null = null;
	private pending: Uint8Array | null = null;
	private wakeWriter: (() => void) | null = null;

	private constructor() {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.closed = promise;
		this.markClosed = resolve;
	}

	/**
	 * Connects to a daemon.
	 * @throws what the socket says (`code` ENOENT, ECONNREFUSED, EACCES …).
	 */
	static async open(endpoint: Endpoint): Promise<Connection> {
		const connection = new Connection();
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		promise.catch(() => undefined);
		const tls = endpoint.kind === 'tcp' && endpoint.tls !== null;
		const socket = {
			open(opened: Socket<undefined>) {
				connection.socket = opened;
				if (!tls) resolve();
			},
			handshake(opened: Socket<undefined>, success: boolean, trouble: Error | null) {
				const strict = endpoint.kind === 'tcp' && endpoint.tls?.verify === true;
				if (strict && (!success || trouble !== null)) {
					reject(trouble ?? new Error('TLS handshake failed'));
					opened.end();
				} else resolve();
			},
			data: (_: Socket<undefined>, chunk: Uint8Array) => connection.received(chunk),
			drain: () => connection.drained(),
			end: () => connection.finish(null),
			close: (_: Socket<undefined>, error?: Error) => {
				reject(error ?? new Error('the connection was closed'));
				connection.finish(error ?? null);
				connection.markClosed();
			},
			error: (_: Socket<undefined>, error: Error) => connection.finish(error),
			connectError: (_: Socket<undefined>, error: Error) => reject(error),
		};
		if (endpoint.kind === 'unix') {
			await Bun.connect<undefined>({ unix: endpoint.path, allowHalfOpen: true, socket });
		} else {
			await Bun.connect<undefined>({
				hostname: endpoint.hostname,
				port: endpoint.port,
				allowHalfOpen: true,
				socket,
				...(endpoint.tls === null ? {} : { tls: await tlsOptions(endpoint.hostname, endpoint.tls) }),
			});
		}
		await promise;
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
			if (this.ended) return null;
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
		return !this.ended && this.failure === null && this.chunks.length === 0;
	}

	get readable(): AsyncIterable<Uint8Array> {
		return this.iterate();
	}

	private async *iterate(): AsyncGenerator<Uint8Array> {
		for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
	}

	async write(chunk: Uint8Array): Promise<void> {
		while (this.pending !== null) await this.writable();
		const { socket } = this;
		if (socket === null || this.failure !== null) throw this.gone();
		const written = socket.write(chunk);
		if (written >= chunk.length) return;
		if (written < 0) throw this.gone();
		// The rest is copied: the caller may use its buffer again.
		this.pending = chunk.slice(written);
		await this.writable();
	}

	end(): void {
		this.socket?.shutdown();
	}

	destroy(): void {
		this.socket?.terminate();
		this.finish(null);
	}

	/** A connection that is idle does not keep the process alive. */
	unref(): void {
		this.socket?.unref();
	}

	private async writable(): Promise<void> {
		if (this.pending === null) return;
		if (this.failure !== null) throw this.failure;
		await new Promise<void>((resolve) => {
			const before = this.wakeWriter;
			this.wakeWriter = () => {
				before?.();
				resolve();
			};
		});
		if (this.pending !== null) throw this.gone();
	}

	private gone(): Error {
		return this.failure ?? new EngineError('unavailable', 'the connection to the daemon is closed');
	}

	private received(chunk: Uint8Array): void {
		this.chunks.push(chunk);
		this.buffered += chunk.length;
		if (!this.paused && this.buffered > highWater) {
			this.paused = true;
			this.socket?.pause();
		}
		this.wake();
	}

	private resume(): void {
		this.paused = false;
		this.socket?.resume();
	}

	private drained(): void {
		if (this.pending !== null && this.socket !== null) {
			const written = this.socket.write(this.pending);
			if (written < 0) this.failure ??= new EngineError('unavailable', 'the connection to the daemon is closed');
			else if (written < this.pending.length) {
				this.pending = this.pending.subarray(written);
				return;
			} else this.pending = null;
		}
		this.wakeWriters();
	}

	private wakeWriters(): void {
		const wake = this.wakeWriter;
		this.wakeWriter = null;
		wake?.();
	}

	private wake(): void {
		const wake = this.wakeReader;
		this.wakeReader = null;
		wake?.();
	}

	private finish(error: Error | null): void {
		this.ended = true;
		if (error !== null) this.failure ??= error;
		this.wake();
		this.wakeWriters();
	}
}

async function tlsOptions(serverName: string, files: TlsFiles): Promise<Bun.TLSOptions & { serverName: string }> {
	const text = async (path: string) => {
		if (path === '') return undefined;
		const file = Bun.file(path);
		if (!(await file.exists())) {
			throw new EngineError('invalid_argument', `open ${path}: no such file or directory`);
		}
		return file.text();
	};
	const ca = files.verify ? await text(files.ca) : undefined;
	const cert = await text(files.cert);
	const key = await text(files.key);
	return {
		serverName,
		rejectUnauthorized: files.verify,
		...(ca === undefined ? {} : { ca }),
		...(cert === undefined ? {} : { cert }),
		...(key === undefined ? {} : { key }),
	};
}
