import type { Socket } from 'bun';
import { EngineError } from '../errors.ts';
import { gone, type Transport, type TransportEvents } from './connection.ts';
import type { Endpoint, TlsFiles } from './endpoint.ts';

type SocketEndpoint = Exclude<Endpoint, { kind: 'ssh' }>;

/** Milliseconds for connecting over TCP, TLS included. */
const connectPatience = 30_000;

/**
 * Connects to a socket.
 * @throws what the socket says (`code` ENOENT, ECONNREFUSED, EACCES …).
 */
export async function openSocket(endpoint: SocketEndpoint, events: TransportEvents): Promise<Transport> {
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	promise.catch(() => undefined);
	const tls = endpoint.kind === 'tcp' && endpoint.tls !== null;
	const transport = new SocketTransport(events);
	const socket = {
		open(opened: Socket<undefined>) {
			transport.socket = opened;
			if (!tls) resolve();
		},
		handshake(opened: Socket<undefined>, success: boolean, trouble: Error | null) {
			const strict = endpoint.kind === 'tcp' && endpoint.tls?.verify === true;
			if (strict && (!success || trouble !== null)) {
				reject(trouble ?? new Error('TLS handshake failed'));
				opened.end();
			} else resolve();
		},
		data: (_: Socket<undefined>, chunk: Uint8Array) => events.data(chunk),
		drain: () => transport.drained(),
		end: () => transport.finish(null),
		close: (_: Socket<undefined>, error?: Error) => {
			reject(error ?? new Error('the connection was closed'));
			transport.finish(error ?? null);
			events.closed();
		},
		error: (_: Socket<undefined>, error: Error) => transport.finish(error),
		connectError: (_: Socket<undefined>, error: Error) => reject(error),
	};
	if (endpoint.kind === 'unix') {
		await Bun.connect<undefined>({ unix: endpoint.path, allowHalfOpen: true, socket });
		await promise;
		return transport;
	}
	const late = setTimeout(() => {
		reject(Object.assign(new Error(`no connection after ${connectPatience / 1000} s`), { code: 'ETIMEDOUT' }));
		transport.destroy();
	}, connectPatience);
	try {
		const connecting = Bun.connect<undefined>({
			hostname: endpoint.hostname,
			port: endpoint.port,
			allowHalfOpen: true,
			socket,
			...(endpoint.tls === null ? {} : { tls: await tlsOptions(endpoint.hostname, endpoint.tls) }),
		});
		connecting.catch(reject);
		await promise;
	} finally {
		clearTimeout(late);
	}
	return transport;
}

class SocketTransport implements Transport {
	socket: Socket<undefined> | null = null;
	private failure: Error | null = null;
	private pending: Uint8Array | null = null;
	private wakeWriter: (() => void) | null = null;

	constructor(private readonly events: TransportEvents) {}

	async write(chunk: Uint8Array): Promise<void> {
		while (this.pending !== null) await this.writable();
		const { socket } = this;
		if (socket === null || this.failure !== null) throw this.failure ?? gone();
		const written = socket.write(chunk);
		if (written >= chunk.length) return;
		if (written < 0) throw this.failure ?? gone();
		// The rest is copied: the caller may use its buffer again.
		this.pending = chunk.slice(written);
		await this.writable();
	}

	end(): void {
		this.socket?.shutdown();
	}

	destroy(): void {
		this.socket?.terminate();
		this.wakeWriters();
	}

	pause(): void {
		this.socket?.pause();
	}

	resume(): void {
		this.socket?.resume();
	}

	finish(error: Error | null): void {
		if (error !== null) this.failure ??= error;
		this.events.ended(error);
		this.wakeWriters();
	}

	drained(): void {
		if (this.pending !== null && this.socket !== null) {
			const written = this.socket.write(this.pending);
			if (written < 0) this.failure ??= gone();
			else if (written < this.pending.length) {
				this.pending = this.pending.subarray(written);
				return;
			} else this.pending = null;
		}
		this.wakeWriters();
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
		if (this.pending !== null) throw this.failure ?? gone();
	}

	private wakeWriters(): void {
		const wake = this.wakeWriter;
		this.wakeWriter = null;
		wake?.();
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
