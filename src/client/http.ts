import { EngineError } from '../errors.ts';
import type { Connection } from './connection.ts';

/** The head of a response. Header names are lower case. */
export interface ResponseHead {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
}

/** A request as it goes over the wire; `path` with its query. */
export interface WireRequest {
	readonly method: string;
	readonly path: string;
	readonly host: string;
	readonly headers: Readonly<Record<string, string>>;
	/** Bytes go with their length, a stream goes chunked. */
	readonly body: Uint8Array | AsyncIterable<Uint8Array> | null;
}

/** The most bytes of a response's head, and of a chunk's size line. */
const maxHead = 256 * 1024;
const maxChunkLine = 8 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Sends a request's head and body. Returns when the socket has taken all of it. */
export async function sendRequest(connection: Connection, request: WireRequest): Promise<void> {
	const { body } = request;
	const isBytes = body instanceof Uint8Array;
	let head = `${request.method} ${request.path} HTTP/1.1\r\nHost: ${request.host}\r\n`;
	for (const [name, value] of Object.entries(request.headers)) {
		if (/[\r\n]/.test(value)) throw new EngineError('invalid_argument', `invalid header field value for "${name}"`);
		head += `${name}: ${value}\r\n`;
	}
	if (isBytes) head += `Content-Length: ${body.length}\r\n`;
	else if (body !== null) head += 'Transfer-Encoding: chunked\r\n';
	else if (request.method === 'POST' || request.method === 'PUT') head += 'Content-Length: 0\r\n';
	const bytes = encoder.encode(`${head}\r\n`);
	if (!isBytes || body.length === 0) await connection.write(bytes);
	else await connection.write(concat(bytes, body));
	if (body !== null && !isBytes) await sendChunks(connection, body);
}

async function sendChunks(connection: Connection, body: AsyncIterable<Uint8Array>): Promise<void> {
	for await (const chunk of body) {
		if (chunk.length === 0) continue;
		await connection.write(encoder.encode(`${chunk.length.toString(16)}\r\n`));
		await connection.write(chunk);
		await connection.write(encoder.encode('\r\n'));
	}
	await connection.write(encoder.encode('0\r\n\r\n'));
}

/** Reads a response's head; informational responses other than 101 are passed over. @throws EngineError `unavailable` */
export async function readHead(connection: Connection): Promise<ResponseHead> {
	for (;;) {
		const head = parseHead(decoder.decode(await readUntilBlankLine(connection)));
		if (head.status >= 200 || head.status === 101) return head;
	}
}

async function readUntilBlankLine(connection: Connection): Promise<Uint8Array> {
	let head: Uint8Array = new Uint8Array(0);
	for (;;) {
		const chunk = await connection.read();
		if (chunk === null) {
			throw new EngineError('unavailable', head.length === 0 ? 'EOF' : 'unexpected EOF in a response');
		}
		const from = Math.max(0, head.length - 3);
		head = head.length === 0 ? chunk : concat(head, chunk);
		const end = indexOfBlankLine(head, from);
		if (end >= 0) {
			connection.unread(head.subarray(end + 4));
			return head.subarray(0, end);
		}
		if (head.length > maxHead) throw new EngineError('unavailable', 'the head of the response is too long');
	}
}

function indexOfBlankLine(bytes: Uint8Array, from: number): number {
	for (let at = bytes.indexOf(13, from); at >= 0; at = bytes.indexOf(13, at + 1)) {
		if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
	}
	return -1;
}

function parseHead(text: string): ResponseHead {
	const [statusLine = '', ...lines] = text.split('\r\n');
	const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine);
	if (match === null) {
		throw new EngineError('unavailable', `malformed HTTP response ${JSON.stringify(statusLine.slice(0, 80))}`);
	}
	const headers = new Map<string, string>();
	for (const line of lines) {
		const colon = line.indexOf(':');
		if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
	}
	return { status: Number(match[1]), headers };
}

/** True when the connection can carry another request after this response's body. */
export function keepsAlive(head: ResponseHead): boolean {
	if (head.headers.get('connection')?.toLowerCase() === 'close') return false;
	return hasNoBody(head) || head.headers.has('content-length') || isChunked(head);
}

function hasNoBody(head: ResponseHead): boolean {
	return head.status === 204 || head.status === 304;
}

function isChunked(head: ResponseHead): boolean {
	return head.headers.get('transfer-encoding')?.toLowerCase().endsWith('chunked') ?? false;
}

/** The body of a response, as it comes. `method` HEAD has none. @throws EngineError `unavailable` when it is cut short. */
export async function* readBody(
	connection: Connection,
	head: ResponseHead,
	method: string,
): AsyncGenerator<Uint8Array> {
	if (method === 'HEAD' || hasNoBody(head)) return;
	if (isChunked(head)) {
		for (;;) {
			const line = await readLine(connection);
			const size = Number.parseInt(line, 16);
			if (!/^[0-9a-fA-F]{1,12}\s*(;|$)/.test(line)) throw new EngineError('unavailable', 'malformed chunked encoding');
			if (size === 0) break;
			yield* readExactly(connection, size);
			await readLine(connection);
		}
		while ((await readLine(connection)) !== '');
		return;
	}
	const length = head.headers.get('content-length');
	if (length !== undefined) yield* readExactly(connection, Number(length));
	else for await (const chunk of connection.readable) yield chunk;
}

async function* readExactly(connection: Connection, size: number): AsyncGenerator<Uint8Array> {
	for (let left = size; left > 0; ) {
		const chunk = await connection.read();
		if (chunk === null) throw new EngineError('unavailable', 'unexpected EOF');
		const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
		if (chunk.length > left) connection.unread(chunk.subarray(left));
		left -= part.length;
		yield part;
	}
}

async function readLine(connection: Connection): Promise<string> {
	let line: Uint8Array = new Uint8Array(0);
	for (;;) {
		const chunk = await connection.read();
		if (chunk === null) throw new EngineError('unavailable', 'unexpected EOF');
		const end = chunk.indexOf(10);
		line = concat(line, end < 0 ? chunk : chunk.subarray(0, end));
		if (end >= 0) {
			connection.unread(chunk.subarray(end + 1));
			return decoder.decode(line).replace(/\r$/, '');
		}
		if (line.length > maxChunkLine) throw new EngineError('unavailable', 'malformed chunked encoding');
	}
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
	const joined = new Uint8Array(a.length + b.length);
	joined.set(a);
	joined.set(b, a.length);
	return joined;
}
