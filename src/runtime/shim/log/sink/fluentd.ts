import { randomBytes } from 'node:crypto';
import type { FluentdSink } from '../../../protocol.ts';
import type { LogMessage } from '../lines.ts';
import type { WireMessage } from './message-queue.ts';
import { EventTime, pack } from './msgpack.ts';

/**
 * Lines as events of Fluentd's forward protocol, one event a message: `[tag, time, record, options]`.
 * Source: Fluentd Forward Protocol Specification v1, "Message Modes".
 */
export function fluentdEncoder(sink: FluentdSink): (message: LogMessage) => readonly WireMessage[] {
	return ({ stream, text, time, part }) => {
		const ack = sink.requestAck ? randomBytes(16).toString('base64') : null;
		const record = {
			...sink.record,
			source: stream,
			log: Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'),
			...(part === null
				? {}
				: {
						partial_message: 'true',
						partial_id: part.id,
						partial_ordinal: String(part.ordinal),
						partial_last: String(part.last),
					}),
		};
		const at = sink.subSecond ? new EventTime(time) : Number(time / 1_000_000_000n);
		return [{ bytes: pack([sink.tag, at, record, ack === null ? {} : { chunk: ack }]), ack }];
	};
}
