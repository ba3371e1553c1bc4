import { randomBytes } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import type { GelfSink } from '../../../protocol.ts';
import type { LogMessage } from '../lines.ts';
import type { WireMessage } from './message-queue.ts';

/** Bytes of a message in one datagram; what Docker uses for networks of any kind. */
const chunkSize = 1420;
const chunkHeader = 12;
const mostChunks = 128;
/** Syslog's numbers for "error" and "informational". */
const levels = { stderr: 3, stdout: 6 } as const;

/** Lines as GELF 1.1: over TCP each ends in a zero, over UDP large ones come in chunks. Empty lines are not allowed there. */
export function gelfEncoder(sink: GelfSink): (message: LogMessage) => readonly WireMessage[] {
	return (message) => {
		if (message.text.length === 0) return [];
		const bytes = Buffer.from(JSON.stringify(gelfMessage(sink, message)));
		if (sink.address.kind !== 'udp') return [{ bytes: Buffer.concat([bytes, Buffer.alloc(1)]), ack: null }];
		return chunks(compress(sink, bytes)).map((chunk) => ({ bytes: chunk, ack: null }));
	};
}

function gelfMessage(sink: GelfSink, { stream, text, time }: LogMessage): Record<string, unknown> {
	return {
		version: '1.1',
		host: sink.hostname,
		short_message: Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'),
		timestamp: Number(time / 1_000_000n) / 1000,
		level: levels[stream],
		...sink.extra,
	};
}

function compress({ compression, level }: GelfSink, bytes: Buffer): Buffer {
	if (compression === 'none') return bytes;
	return compression === 'gzip' ? gzipSync(bytes, { level }) : deflateSync(bytes, { level });
}

/** Source: GELF specification, "GELF via UDP", chunking. A message that would need more than 128 is dropped, as there. */
export function chunks(bytes: Buffer): readonly Buffer[] {
	if (bytes.length <= chunkSize) return [bytes];
	const size = chunkSize - chunkHeader;
	const count = Math.ceil(bytes.length / size);
	if (count > mostChunks) return [];
	const id = randomBytes(8);
	return Array.from({ length: count }, (_, index) =>
		Buffer.concat([
			Buffer.from([0x1e, 0x0f]),
			id,
			Buffer.from([index, count]),
			bytes.subarray(index * size, (index + 1) * size),
		]),
	);
}
