import { describe, expect, test } from 'bun:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { FluentdSink, GelfSink, SyslogSink } from '../../../protocol.ts';
import type { LogMessage } from '../lines.ts';
import { fluentdEncoder } from './fluentd.ts';
import { chunks, gelfEncoder } from './gelf.ts';
import { journaldEncoder } from './journald.ts';
import { acknowledgementReader, EventTime, pack } from './msgpack.ts';
import { syslogEncoder } from './syslog.ts';

const time = 1_700_000_000_123_456_789n;
const line = (text: string, more: Partial<LogMessage> = {}): LogMessage => ({
	stream: 'stdout',
	text: Buffer.from(text),
	time,
	part: null,
	...more,
});

describe('syslog', () => {
	const sink: SyslogSink = {
		driver: 'syslog',
		address: null,
		format: 'rfc5424micro',
		facility: 3,
		hostname: 'host',
		tag: 'web',
	};
	const shown = (more: Partial<SyslogSink>, framed = false, message = line('hi')) =>
		syslogEncoder({ ...sink, ...more }, 7, framed)(message).map(({ bytes }) => Buffer.from(bytes).toString());

	test('RFC 5424: version, time with microseconds, tag as name and message id', () => {
		expect(shown({})[0]).toMatch(/^<30>1 2023-11-1\dT\d\d:\d\d:\d\d\.123456(?:Z|[+-]\d\d:\d\d) host web 7 web - hi\n$/);
		expect(shown({ facility: 16 }, false, line('no', { stream: 'stderr' }))[0]).toStartWith('<131>1 ');
	});
	test('RFC 3164 and the one without a host', () => {
		expect(shown({ format: 'rfc3164' })[0]).toMatch(/^<30>Nov 1\d \d\d:\d\d:20 host web\[7\]: hi\n$/);
		expect(shown({ format: '' })[0]).toMatch(/^<30>Nov 1\d \d\d:\d\d:20 web\[7\]: hi\n$/);
	});
	test('with TLS the length comes first, in the new formats', () => {
		const [framed = ''] = shown({}, true);
		const cut = framed.indexOf(' ');
		expect(Number(framed.slice(0, cut))).toBe(framed.length - cut - 1);
		expect(shown({ format: '' }, true)[0]).toStartWith('<30>');
	});
	test('an empty line is none', () => expect(shown({}, false, line(''))).toEqual([]));
});

describe('gelf', () => {
	const sink: GelfSink = {
		driver: 'gelf',
		address: { kind: 'udp', host: 'h', port: 1 },
		hostname: 'host',
		extra: { _tag: 'web' },
		compression: 'none',
		level: 1,
		maxReconnect: 0,
		reconnectDelay: 0,
	};
	const expected = {
		version: '1.1',
		host: 'host',
		short_message: 'hi',
		timestamp: 1_700_000_000.123,
		level: 6,
		_tag: 'web',
	};

	test.each([
		['none', (bytes: Uint8Array) => Buffer.from(bytes)],
		['gzip', (bytes: Uint8Array) => gunzipSync(bytes)],
		['zlib', (bytes: Uint8Array) => inflateSync(bytes)],
	] as const)('a datagram, compression %s', (compression, open) => {
		const [message] = gelfEncoder({ ...sink, compression })(line('hi'));
		expect(JSON.parse(open(message?.bytes ?? new Uint8Array()).toString())).toEqual(expected);
	});
	test('over TCP it ends in a zero', () => {
		const [message] = gelfEncoder({ ...sink, address: { kind: 'tcp', host: 'h', port: 1, tls: null } })(line('hi'));
		expect(message?.bytes.at(-1)).toBe(0);
	});
	test('a large message comes in numbered chunks', () => {
		const whole = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
		const pieces = chunks(whole);
		expect(pieces.map((piece) => [...piece.subarray(0, 2), piece[10], piece[11]])).toEqual(
			[0, 1, 2, 3].map((index) => [0x1e, 0x0f, index, 4]),
		);
		expect(new Set(pieces.map((piece) => piece.toString('hex', 2, 10))).size).toBe(1);
		expect(pieces.every((piece) => piece.length <= 1420)).toBe(true);
		expect(Buffer.concat(pieces.map((piece) => piece.subarray(12)))).toEqual(whole);
		expect(chunks(Buffer.alloc(1408 * 128 + 1))).toEqual([]);
	});
});

describe('fluentd', () => {
	const sink: FluentdSink = {
		driver: 'fluentd',
		address: { kind: 'unix', path: '/x' },
		tag: 't',
		record: {},
		async: false,
		retryWait: 1,
		reconnectInterval: 0,
		maxRetries: 1,
		requestAck: false,
		subSecond: false,
		writeTimeout: 0,
	};

	test('MessagePack', () => {
		const hex = (value: Parameters<typeof pack>[0]) => pack(value).toString('hex');
		expect(hex('ab')).toBe('a26162');
		expect(hex('x'.repeat(40)).slice(0, 4)).toBe('d928');
		expect(hex('x'.repeat(300)).slice(0, 6)).toBe('da012c');
		expect(hex('x'.repeat(70_000)).slice(0, 10)).toBe('db00011170');
		expect([hex(5), hex(1_700_000_000), hex(2 ** 40)]).toEqual(['05', 'ce6553f100', 'cf0000010000000000']);
		expect(hex([{ a: 'b' }])).toBe('9181a161a162');
		expect(hex(new EventTime(time))).toBe('d7006553f100075bcd15');
	});
	test('an event', () => {
		const [message] = fluentdEncoder(sink)(line('hi'));
		expect(Buffer.from(message?.bytes ?? []).toString('latin1')).toBe(
			'\x94\xa1t\xceeS\xf1\x00\x82\xa6source\xa6stdout\xa3log\xa2hi\x80',
		);
	});
	test('acknowledgements over any cuts, among rubbish', () => {
		const bytes = Buffer.concat([
			Buffer.from('noise'),
			Buffer.from([0x81]),
			pack('ack'),
			pack('one'),
			Buffer.from([0x81]),
			pack('ack'),
			pack('x'.repeat(50)),
		]);
		for (const step of [1, 3, 100]) {
			const read = acknowledgementReader();
			const found: string[] = [];
			for (let at = 0; at < bytes.length; at += step) found.push(...read(bytes.subarray(at, at + step)));
			expect(found).toEqual(['one', 'x'.repeat(50)]);
		}
	});
});

test('journald: values with their length, so that nothing in a line makes a field', () => {
	const [entry] = journaldEncoder({ driver: 'journald', path: '', fields: { CONTAINER_TAG: 'web' } })(
		line('a\nPRIORITY=0', { stream: 'stderr' }),
	);
	const text = Buffer.from(entry?.bytes ?? []).toString('latin1');
	expect(text).toStartWith('MESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n');
	expect(text).toContain('PRIORITY\n\x01\0\0\0\0\0\0\x003\n');
	expect(text).toEndWith('CONTAINER_TAG\n\x03\0\0\0\0\0\0\0web\n');
});
