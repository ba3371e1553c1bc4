import type { JournaldSink } from '../../../protocol.ts';
import type { LogMessage } from '../lines.ts';
import type { WireMessage } from './message-queue.ts';

/** Syslog's numbers for "error" and "informational". */
const priorities = { stderr: '3', stdout: '6' } as const;

/** Lines as entries of the journal. Source: systemd, "Native Journal Protocol". */
export function journaldEncoder(sink: JournaldSink): (message: LogMessage) => readonly WireMessage[] {
	const fixed = Buffer.concat(Object.entries(sink.fields).map(([name, value]) => field(name, Buffer.from(value))));
	return ({ stream, text, time, part }) => {
		const stamp = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
		const fields = [
			field('MESSAGE', text),
			field('PRIORITY', Buffer.from(priorities[stream])),
			field('SYSLOG_TIMESTAMP', Buffer.from(`${stamp}.${String(time % 1_000_000_000n).padStart(9, '0')}Z`)),
			fixed,
		];
		if (part !== null) {
			if (!part.last) fields.push(field('CONTAINER_PARTIAL_MESSAGE', Buffer.from('true')));
			fields.push(field('CONTAINER_PARTIAL_ID', Buffer.from(part.id)));
			fields.push(field('CONTAINER_PARTIAL_ORDINAL', Buffer.from(String(part.ordinal))));
			fields.push(field('CONTAINER_PARTIAL_LAST', Buffer.from(String(part.last))));
		}
		return [{ bytes: Buffer.concat(fields), ack: null }];
	};
}

/** A field whose value may have any bytes: its length tells where it ends. */
function field(name: string, value: Uint8Array): Buffer {
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(value.length));
	return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from('\n')]);
}
