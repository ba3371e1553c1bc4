import type { SyslogSink } from '../../../protocol.ts';
import type { LogMessage } from '../lines.ts';
import type { WireMessage } from './message-queue.ts';

/** Syslog's numbers for "error" and "informational". */
const severities = { stderr: 3, stdout: 6 } as const;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const newline = Buffer.from('\n');
const milli = 1_000_000n;

const two = (value: number): string => String(value).padStart(2, '0');

/** Lines as syslog messages. Empty ones are not sent. `framed`: with their length before them (RFC 5425). */
export function syslogEncoder(
	sink: SyslogSink,
	pid: number,
	framed: boolean,
): (message: LogMessage) => readonly WireMessage[] {
	const modern = sink.format === 'rfc5424' || sink.format === 'rfc5424micro';
	return ({ stream, text, time }) => {
		if (text.length === 0) return [];
		const head = Buffer.from(header(sink, sink.facility * 8 + severities[stream], time, pid));
		const bytes = Buffer.concat([head, text, newline]);
		return [{ bytes: framed && modern ? Buffer.concat([Buffer.from(`${bytes.length} `), bytes]) : bytes, ack: null }];
	};
}

function header({ format, hostname, tag }: SyslogSink, priority: number, time: bigint, pid: number): string {
	switch (format) {
		case '':
			return `<${priority}>${stamp(time)} ${tag}[${pid}]: `;
		case 'rfc3164':
			return `<${priority}>${stamp(time)} ${hostname} ${tag}[${pid}]: `;
		case 'rfc5424':
		case 'rfc5424micro':
			return `<${priority}>1 ${isoTime(time, format === 'rfc5424micro')} ${hostname} ${tag} ${pid} ${tag} - `;
	}
}

/** `Jan  2 15:04:05`, in the local time. */
function stamp(nano: bigint): string {
	const date = new Date(Number(nano / milli));
	const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
	return `${months[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${clock}`;
}

/** RFC 3339 in the local time, with microseconds or none. */
function isoTime(nano: bigint, micro: boolean): string {
	const date = new Date(Number(nano / milli));
	const offset = -date.getTimezoneOffset();
	const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
	const fraction = micro ? `.${String((nano / 1000n) % 1_000_000n).padStart(6, '0')}` : '';
	const away = Math.abs(offset);
	const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(away / 60))}:${two(away % 60)}`;
	return `${local}${fraction}${zone}`;
}
