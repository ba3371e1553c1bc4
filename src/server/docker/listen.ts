import { chmod, chown, lstat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { EngineError, wrap } from '../../errors.ts';

/** `mode`: permission bits, usually 0o660; `gid`: owning group, null: the daemon's. */
export interface UnixOptions {
	readonly mode: number;
	readonly gid: number | null;
}

/** `port` 0: any free one. With `tls.ca`, clients need a certificate that this CA signed. All PEM. */
export interface TcpOptions {
	readonly host: string;
	readonly port: number;
	readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

/** sun_path less the closing NUL. */
const maxSocketPath = 107;

/** Listens on a unix socket. A socket file that nobody answers on is removed first. */
export async function listenUnix(server: Server, path: string, options: UnixOptions): Promise<void> {
	if (Buffer.byteLength(path) > maxSocketPath) {
		throw new EngineError('invalid_argument', `socket path ${path} is longer than ${maxSocketPath} bytes`);
	}
	await removeStale(path);
	// No moment in which others may connect: the socket is made under the strict mask.
	const mask = process.umask(0o177);
	try {
		await listening(server, () => server.listen(path), path);
	} finally {
		process.umask(mask);
	}
	if (options.gid !== null) await chown(path, process.getuid?.() ?? 0, options.gid);
	await chmod(path, options.mode);
}

/** Listens on TCP; resolves to the port. */
export async function listenTcp(server: Server, options: TcpOptions): Promise<number> {
	const name = `${options.host}:${options.port}`;
	await listening(server, () => server.listen(options.port, options.host), name);
	const address = server.address();
	if (address === null || typeof address === 'string') throw new EngineError('internal', `${name} has no address`);
	return address.port;
}

function listening(server: Server, listen: () => void, name: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const onError = (error: Error) => reject(wrap(error, 'listen on', name));
		server.once('error', onError);
		server.once('listening', () => {
			server.off('error', onError);
			resolve();
		});
		listen();
	});
}

async function removeStale(path: string): Promise<void> {
	const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return null;
		throw wrap(error, 'look at', path);
	});
	if (there === null) return;
	if (!there.isSocket()) throw new EngineError('conflict', `${path} exists and is not a socket`);
	if (await answers(path)) throw new EngineError('conflict', `another daemon listens on ${path}`);
	await unlink(path);
}

/** True unless the connection is refused. */
function answers(path: string): Promise<boolean> {
	return new Promise((resolve, reject) => {
		const probe = connect(path);
		probe.once('connect', () => {
			probe.destroy();
			resolve(true);
		});
		probe.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
			else if (error.code === 'EAGAIN') resolve(true);
			else reject(wrap(error, 'probe', path));
		});
	});
}
