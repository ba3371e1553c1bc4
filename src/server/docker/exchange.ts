import type { IncomingMessage } from 'node:http';
import { EngineError } from '../../errors.ts';
import type { Caller } from '../../events/types.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';

/** The largest JSON body that is read. */
const maxBody = 8 * 1024 * 1024;

/** The way back to the client: plain, or by hand on a connection that asked for an upgrade. */
export interface Responder {
	/** True once the status line is out. */
	readonly started: boolean;
	/** Sends status and headers at once. `length` null: the body is a stream. */
	start(status: number, headers: Readonly<Record<string, string>>, length: number | null): void;
	/** Resolves when the client takes more; rejects with `cancelled` when it is gone. */
	write(chunk: string | Uint8Array): Promise<void>;
	end(): void;
	/** Drops the connection: the only way left to say that a started body is not complete. */
	abort(): void;
	/** Takes the connection over; without an upgrade, request and response body stand in for it. */
	hijack(headers: HijackHeaders): ByteDuplex;
	/** The client asked for an upgrade: {@link hijack} gives the bare connection. */
	readonly upgrading: boolean;
}

/** The content type of the stream or, for a WebSocket, the answer to the client's key. */
export interface HijackHeaders {
	readonly contentType: string;
	readonly webSocketAccept?: string;
}

/** One request with all that a handler needs to answer it. */
export interface Exchange {
	readonly request: IncomingMessage;
	readonly method: string;
	/** Decoded path parameters by name. */
	readonly params: Readonly<Record<string, string>>;
	readonly query: URLSearchParams;
	/** The API version that the client speaks. */
	readonly version: string;
	readonly caller: Caller;
	/** Aborts when the client goes away. */
	readonly signal: AbortSignal;
	readonly responder: Responder;
}

/** Serves one request. What it throws becomes the answer. */
export type Handler = (exchange: Exchange) => Promise<void> | void;

/** A path parameter that the route has. */
export function param(exchange: Exchange, name: string): string {
	const value = exchange.params[name];
	if (value === undefined) throw new EngineError('internal', `the route has no parameter ${name}`);
	return value;
}

/** Answers with JSON. */
export async function sendJson(exchange: Exchange, body: unknown, status = 200): Promise<void> {
	const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
	exchange.responder.start(status, { 'Content-Type': 'application/json' }, bytes.length);
	if (exchange.method !== 'HEAD') await exchange.responder.write(bytes);
	exchange.responder.end();
}

/** Answers without a body. */
export function sendEmpty(exchange: Exchange, status = 204): void {
	exchange.responder.start(status, {}, status === 204 || status === 304 ? null : 0);
	exchange.responder.end();
}

/** The raw body; back-pressure by pulling. */
export function bodyStream(exchange: Exchange): AsyncIterable<Uint8Array> {
	return exchange.request;
}

/**
 * The body as JSON; `undefined` for an empty one. The content type is not looked at, as old clients send none.
 * @throws EngineError `invalid_argument` (`invalid JSON: …`, too large).
 */
export async function readJson(exchange: Exchange): Promise<unknown> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of bodyStream(exchange)) {
		size += chunk.length;
		if (size > maxBody) throw new EngineError('invalid_argument', `request body is larger than ${maxBody} bytes`);
		chunks.push(chunk);
	}
	const text = Buffer.concat(chunks).toString('utf8');
	if (text.trim() === '') return undefined;
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new EngineError('invalid_argument', `invalid JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
	}
}
