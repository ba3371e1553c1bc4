import { readFileSync } from 'node:fs';
import type { Socket, SocketHandler } from 'bun';
import { EngineError, messageOf } from '../../../../errors.ts';
import type { SinkAddress, SinkTls } from '../../../protocol.ts';
import { connectTimeout, dialError } from './channel.ts';

/** Addresses of streams. */
export type StreamAddress = Extract<SinkAddress, { kind: 'tcp' | 'unix' }>;

/** What a connection tells its user. */
export interface ConnectionListener {
	data(chunk: Uint8Array): void;
	/** There is room to write again. */
	drain(): void;
	/** It is gone; not called for one that was never made. */
	close(): void;
}

/** A connection that is made. */
export interface Connection {
	/** Takes as much as the kernel does; returns how many bytes, negative when it is gone. */
	write(bytes: Uint8Array): number;
	/** Ends it after what was written. */
	end(): void;
	/** Ends it now. */
	abort(): void;
}

/** Connects, with the TLS handshake and the check of the certificate. @throws EngineError in docker's words */
export async function connect(address: StreamAddress, listener: ConnectionListener): Promise<Connection> {
	const place = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
	const tls = address.kind === 'tcp' && address.tls !== null ? tlsOptions(address.tls) : null;
	const made = Promise.withResolvers<Socket<unknown>>();
	let over = false;
	let ready = false;
	const fail = (error: unknown): void => {
		over = true;
		made.reject(error);
	};
	const socket: SocketHandler<unknown> = {
		open(opened) {
			if (over) opened.terminate();
			else if (tls === null) {
				ready = true;
				made.resolve(opened);
			}
		},
		handshake(opened, success, error) {
			const skip = address.kind === 'tcp' && address.tls?.skipVerify === true;
			if (over || (!success && !skip) || (error !== null && error !== undefined && !skip)) {
				fail(new EngineError('unavailable', `tls: failed to verify certificate: ${messageOf(error)}`));
				opened.terminate();
				return;
			}
			ready = true;
			made.resolve(opened);
		},
		data: (_socket, chunk) => listener.data(chunk),
		drain: () => listener.drain(),
		end: (opened) => {
			opened.end();
		},
		close() {
			if (ready) listener.close();
			else fail(Object.assign(new Error('connection reset by peer'), { code: 'ECONNRESET' }));
		},
		connectError: (_socket, error) => fail(error),
		error: (opened) => {
			opened.terminate();
		},
	};
	const timer = setTimeout(() => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), connectTimeout);
	try {
		const asked =
			address.kind === 'unix'
				? Bun.connect({ unix: address.path, socket })
				: Bun.connect({ hostname: address.host, port: address.port, socket, ...(tls === null ? {} : { tls }) });
		// It rejects too, with the same, or is too late for anybody to hear.
		asked.catch(fail);
		const connected = await made.promise;
		return {
			write: (bytes) => connected.write(bytes),
			end: () => connected.end(),
			abort: () => connected.terminate(),
		};
	} catch (error) {
		throw error instanceof EngineError ? error : dialError(address.kind, place, error);
	} finally {
		clearTimeout(timer);
	}
}

function tlsOptions({ ca, cert, key, skipVerify }: SinkTls): Bun.TLSOptions {
	const read = (what: string, path: string): string => {
		try {
			return readFileSync(path, 'utf8');
		} catch (error) {
			const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
			throw new EngineError(
				'invalid_argument',
				`could not read ${what} "${path}": open ${path}: ${missing ? 'no such file or directory' : messageOf(error)}`,
			);
		}
	};
	return {
		rejectUnauthorized: !skipVerify,
		...(ca === '' ? {} : { ca: read('CA certificate', ca) }),
		...(cert === '' && key === '' ? {} : { cert: read('certificate', cert), key: read('key', key) }),
	};
}
