import type { FluentdSink, SinkAddress } from '../../../runtime/protocol.ts';
import { attributeOptions } from './attributes.ts';
import {
	invalid,
	type LogOptionMap,
	optional,
	parseBool,
	parseDuration,
	parseSize,
	parseWhole,
} from './option-values.ts';
import { splitAddress } from './sink-address.ts';

export const fluentdOptions = new Set([
	...attributeOptions,
	'fluentd-address',
	'fluentd-async',
	'fluentd-async-reconnect-interval',
	'fluentd-buffer-limit',
	'fluentd-max-retries',
	'fluentd-request-ack',
	'fluentd-retry-wait',
	'fluentd-sub-second-precision',
	'fluentd-write-timeout',
]);

const defaultPort = 24_224;
const defaultRetryWait = 1000;
const defaultMaxRetries = 2 ** 31 - 1;
const shortestInterval = 100;
const longestInterval = 10_000;

/** What `fluentd` is asked for, but for the tag and the record. `bufferLimit`: bytes, null when not given. @throws `invalid_argument` */
export function parseFluentd(
	options: LogOptionMap,
): Omit<FluentdSink, 'driver' | 'tag' | 'record'> & { readonly bufferLimit: number | null } {
	const flag = (name: string): boolean => optional(options, `fluentd-${name}`, false, parseBool);
	const wait = (name: string, fallback: number): number =>
		optional(options, `fluentd-${name}`, fallback, parseDuration);
	return {
		address: parseAddress(options['fluentd-address'] ?? ''),
		async: flag('async'),
		requestAck: flag('request-ack'),
		subSecond: flag('sub-second-precision'),
		retryWait: wait('retry-wait', defaultRetryWait),
		reconnectInterval: parseInterval(options['fluentd-async-reconnect-interval'] ?? ''),
		writeTimeout: wait('write-timeout', 0),
		maxRetries: optional(options, 'fluentd-max-retries', defaultMaxRetries, (text) => parseWhole(text, 'ParseUint')),
		bufferLimit: optional(options, 'fluentd-buffer-limit', null, (text) => {
			const size = parseSize(text, 1024);
			if (size === null) throw invalid(`invalid size: '${text}'`);
			return size;
		}),
	};
}

function parseInterval(text: string): number {
	if (text === '') return 0;
	const interval = parseDuration(text);
	if (interval === 0 || (interval >= shortestInterval && interval <= longestInterval)) return interval;
	throw invalid(
		`invalid value for fluentd-async-reconnect-interval: value (${text}) must be between 100ms and 10s, or 0 for none`,
	);
}

function parseAddress(text: string): SinkAddress {
	const local = { host: '127.0.0.1', port: defaultPort };
	if (text === '') return { kind: 'tcp', ...local, tls: null };
	const parts = splitAddress(text.includes('://') ? text : `tcp://${text}`);
	if (parts === null)
		throw invalid(`invalid fluentd-address ${text}: give tcp://HOST:PORT, tls://HOST:PORT or unix://PATH`);
	const { scheme, path, host, port } = parts;
	switch (scheme) {
		case 'unix':
			if (path === '' || path === '/') throw invalid(`invalid fluentd-address ${text}: path is empty`);
			return { kind: 'unix', path };
		case 'tcp':
		case 'tls': {
			if (path !== '') throw invalid(`invalid fluentd-address ${text}: should not contain a path element`);
			const tls = scheme === 'tls' ? { ca: '', cert: '', key: '', skipVerify: false } : null;
			return { kind: 'tcp', host: host || local.host, port: port ?? defaultPort, tls };
		}
		default:
			throw invalid(`invalid fluentd-address ${text}: unsupported scheme: '${scheme}'`);
	}
}
