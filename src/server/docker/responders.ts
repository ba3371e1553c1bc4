import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../errors.ts';
import type { Responder } from './exchange.ts';
import { duplexOf, duplexOfExchange, writeTo } from './hijack.ts';

/** Answers through node's response. */
export function plainResponder(
	request: IncomingMessage,
	response: ServerResponse,
	common: Readonly<Record<string, string>>,
): Responder {
	let started = false;
	const start: Responder['start'] = (status, headers, length) => {
		if (started) throw new EngineError('internal', 'the response was started twice');
		started = true;
		const all = length === null ? { ...common, ...headers } : { ...common, ...headers, 'Content-Length': length };
		response.writeHead(status, all);
		if (length === null) response.flushHeaders();
	};
	return {
		get started() {
			return started;
		},
		upgrading: false,
		start,
		write: (chunk) => writeTo(response, chunk),
		end: () => {
			if (!response.writableEnded) response.end();
		},
		abort: () => request.socket.destroy(),
		hijack({ contentType }) {
			start(200, { 'Content-Type': contentType, Connection: 'close' }, null);
			return duplexOfExchange(request.complete ? null : request, response);
		},
	};
}

/** Answers by hand on the bare connection of a request that asked for an upgrade. */
export function upgradeResponder(
	socket: Duplex,
	method: string,
	protocol: string,
	common: Readonly<Record<string, string>>,
): Responder {
	let started = false;
	const head = (status: number, reason: string, headers: Readonly<Record<string, string>>) => {
		if (started) throw new EngineError('internal', 'the response was started twice');
		started = true;
		const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
		if (!socket.destroyed) socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`);
	};
	return {
		get started() {
			return started;
		},
		upgrading: true,
		start(status, headers, length) {
			const framing: Record<string, string> = length === null ? {} : { 'Content-Length': String(length) };
			head(status, STATUS_CODES[status] ?? 'Unknown', { ...common, ...headers, ...framing, Connection: 'close' });
		},
		write: (chunk) => (method === 'HEAD' ? Promise.resolve() : writeTo(socket, chunk)),
		end: () => {
			if (!socket.writableEnded) socket.end();
			// A client that sends on without reading the refusal must not hold the connection.
			socket.resume();
			setTimeout(() => socket.destroy(), 5_000).unref();
		},
		abort: () => socket.destroy(),
		hijack({ contentType, webSocketAccept }) {
			const upgrade = { Connection: 'Upgrade', Upgrade: protocol };
			if (webSocketAccept === undefined) head(101, 'UPGRADED', { 'Content-Type': contentType, ...upgrade });
			else head(101, 'Switching Protocols', { ...upgrade, 'Sec-WebSocket-Accept': webSocketAccept });
			return duplexOf(socket);
		},
	};
}
