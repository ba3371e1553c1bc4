import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { apiVersion } from '../../api/versions.ts';
import type { Caller } from '../../events/types.ts';
import { dispatch } from './dispatch.ts';
import { listenTcp, listenUnix, type TcpOptions, type UnixOptions } from './listen.ts';
import { plainResponder, upgradeResponder } from './responders.ts';
import { createRouter } from './router.ts';
import { type DockerServices, dockerRoutes } from './routes.ts';

/** Largest request head. */
const maxHeaderSize = 256 * 1024;
/** A client has this long to send the head. */
const headersTimeout = 30_000;

/** The Docker Engine API on sockets. */
export interface DockerServer {
	/** Serves one plain request. Never rejects. */
	handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
	/** Serves one request that asked for an upgrade; `head` is what came after its head. Never rejects. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void>;
	/** @throws EngineError `conflict` when somebody answers on the socket, `invalid_argument` for a bad path. */
	listenUnix(path: string, options: UnixOptions): Promise<void>;
	/** Resolves to the port. */
	listenTcp(options: TcpOptions): Promise<number>;
	/** Stops listening, lets requests end for `deadline` ms, then drops what is left. Streams are dropped at once. */
	close(deadline: number): Promise<void>;
}

/** Who a connection belongs to. The daemon fills it in; the default knows the address of a TCP peer. */
export type CallerOf = (socket: { readonly remoteAddress?: string | undefined }) => Caller;

const addressOnly: CallerOf = (socket) =>
	socket.remoteAddress === undefined || socket.remoteAddress === '' ? {} : { address: socket.remoteAddress };

/** Makes the front door; nothing listens yet. */
export function createDockerServer(services: DockerServices & { readonly callerOf?: CallerOf }): DockerServer {
	const router = createRouter(dockerRoutes(services));
	const { log } = services;
	const callerOf = services.callerOf ?? addressOnly;
	const servers = new Set<Server>();
	const connections = new Set<Duplex>();
	const closing = new AbortController();
	const common = {
		'Api-Version': apiVersion,
		'Docker-Experimental': 'false',
		Ostype: 'linux',
		Server: `Gantry/${services.system.facts().version} (linux)`,
	};

	const handle = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const gone = new AbortController();
		response.on('close', () => {
			if (!response.writableFinished) gone.abort();
		});
		response.on('error', () => gone.abort());
		request.on('error', () => gone.abort());
		const responder = plainResponder(request, response, common);
		const signal = AbortSignal.any([gone.signal, closing.signal]);
		return dispatch(router, log, request, responder, callerOf(request.socket), signal);
	};

	const handleUpgrade = (request: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> => {
		const gone = new AbortController();
		connections.add(socket);
		socket.on('close', () => {
			connections.delete(socket);
			gone.abort();
		});
		socket.on('error', () => socket.destroy());
		request.on('error', () => socket.destroy());
		if (head.length > 0) socket.unshift(head);
		const responder = upgradeResponder(socket, request.method ?? 'GET', request.headers.upgrade ?? 'tcp', common);
		const signal = AbortSignal.any([gone.signal, closing.signal]);
		return dispatch(router, log, request, responder, callerOf(request.socket), signal);
	};

	const prepare = (server: Server): Server => {
		server.on('request', (request, response) => {
			services.onRequest?.();
			void handle(request, response);
		});
		server.on('upgrade', (request, socket, head) => {
			services.onRequest?.();
			void handleUpgrade(request, socket, head);
		});
		server.on('clientError', (_error, socket) => {
			if (!socket.destroyed) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
		});
		server.headersTimeout = headersTimeout;
		// Bodies (an image load) and answers (events, logs) may take for ever.
		server.requestTimeout = 0;
		server.timeout = 0;
		servers.add(server);
		return server;
	};

	return {
		handle,
		handleUpgrade,
		listenUnix: (path, options) => listenUnix(prepare(createServer({ maxHeaderSize })), path, options),
		listenTcp: (options) =>
			listenTcp(
				prepare(
					options.tls === undefined
						? createServer({ maxHeaderSize })
						: createTlsServer({
								maxHeaderSize,
								...options.tls,
								requestCert: options.tls.ca !== undefined,
								rejectUnauthorized: options.tls.ca !== undefined,
								minVersion: 'TLSv1.2',
							}),
				),
				options,
			),
		async close(deadline) {
			const stopped = [...servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
			closing.abort();
			for (const server of servers) server.closeIdleConnections();
			const timer = setTimeout(() => {
				for (const server of servers) server.closeAllConnections();
				for (const connection of connections) connection.destroy();
			}, deadline);
			await Promise.all(stopped);
			clearTimeout(timer);
			for (const connection of connections) connection.destroy();
		},
	};
}
