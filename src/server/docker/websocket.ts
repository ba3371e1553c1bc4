import { createHash } from 'node:crypto';
import { Demultiplexer } from '../../api/stdcopy.ts';
import { EngineError } from '../../errors.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';
import type { Exchange } from './exchange.ts';

/** The constant of RFC 6455, 1.3. */
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** The largest frame taken from a client. */
const maxFrame = 16 * 1024 * 1024;

/** The client's key. @throws EngineError `invalid_argument` for a request that is not a WebSocket handshake. */
export function checkWebSocket({ request, responder }: Exchange): string {
	const key = request.headers['sec-websocket-key'];
	const asked = responder.upgrading && request.headers.upgrade?.toLowerCase() === 'websocket';
	if (!asked || typeof key !== 'string' || request.headers['sec-websocket-version'] !== '13') {
		throw new EngineError('invalid_argument', 'a WebSocket handshake (RFC 6455, version 13) is expected here');
	}
	return key;
}

/**
 * Answers the handshake; the messages' payloads are the bytes, those to the client are binary. `framed`: what is written
 * comes in stdcopy frames; a WebSocket's client gets the bare output.
 */
export function acceptWebSocket(exchange: Exchange, key: string, framed: boolean): ByteDuplex {
	const accept = createHash('sha1')
		.update(key + magic)
		.digest('base64');
	const inner = exchange.responder.hijack({ contentType: '', webSocketAccept: accept });
	const send = (opcode: number, payload: Uint8Array) => inner.write(frame(opcode, payload));
	const demultiplexer = framed ? new Demultiplexer() : null;
	const write = async (chunk: Uint8Array) => {
		if (demultiplexer === null) await send(2, chunk);
		else for (const { bytes } of demultiplexer.push(chunk)) await send(2, bytes);
	};
	let closeSent = false;
	const end = () => {
		if (closeSent) return;
		closeSent = true;
		Promise.resolve(send(8, new Uint8Array([0x03, 0xe8]))).then(inner.end, inner.destroy);
	};
	return {
		readable: payloads(inner, send, end),
		write,
		end,
		destroy: inner.destroy,
		closed: inner.closed,
	};
}

function frame(opcode: number, payload: Uint8Array): Uint8Array {
	const { length } = payload;
	const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
	const bytes = Buffer.allocUnsafe(2 + extra + length);
	bytes[0] = 0x80 | opcode;
	bytes[1] = extra === 0 ? length : extra === 2 ? 126 : 127;
	if (extra === 2) bytes.writeUInt16BE(length, 2);
	if (extra === 8) bytes.writeBigUInt64BE(BigInt(length), 2);
	bytes.set(payload, 2 + extra);
	return bytes;
}

/** Takes exactly `size` bytes at a time from a stream of chunks; null at its end. */
function exactReader(source: AsyncIterable<Uint8Array>): (size: number) => Promise<Buffer | null> {
	const iterator = source[Symbol.asyncIterator]();
	let rest: Buffer = Buffer.alloc(0);
	return async (size) => {
		const chunks = [rest];
		let have = rest.length;
		while (have < size) {
			const next = await iterator.next();
			if (next.done === true) return null;
			chunks.push(Buffer.from(next.value));
			have += next.value.length;
		}
		const all = chunks.length === 1 ? rest : Buffer.concat(chunks);
		rest = all.subarray(size);
		return all.subarray(0, size);
	};
}

async function* payloads(
	inner: ByteDuplex,
	send: (opcode: number, payload: Uint8Array) => Promise<void> | void,
	end: () => void,
): AsyncGenerator<Uint8Array> {
	const take = exactReader(inner.readable);
	for (;;) {
		const head = await take(2);
		if (head === null) return;
		const opcode = (head[0] ?? 0) & 0x0f;
		const short = (head[1] ?? 0) & 0x7f;
		const extended = short < 126 ? Buffer.alloc(0) : await take(short === 126 ? 2 : 8);
		const masked = ((head[1] ?? 0) & 0x80) !== 0;
		const mask = await take(4);
		if (extended === null || mask === null) return;
		const length = short < 126 ? short : short === 126 ? extended.readUInt16BE() : Number(extended.readBigUInt64BE());
		if (!masked || length > maxFrame || (opcode >= 8 && length > 125)) {
			inner.destroy();
			throw new EngineError('invalid_argument', 'broken WebSocket frame');
		}
		const payload = await take(length);
		if (payload === null) return;
		const bytes = Buffer.from(payload);
		for (let index = 0; index < bytes.length; index++) bytes[index] = (bytes[index] ?? 0) ^ (mask[index & 3] ?? 0);
		if (opcode === 8) {
			end();
			return;
		}
		if (opcode === 9) await send(10, bytes);
		else if (opcode <= 2 && bytes.length > 0) yield bytes;
	}
}
