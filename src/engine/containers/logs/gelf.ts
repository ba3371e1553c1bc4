import type { GelfSink } from '../../../runtime/protocol.ts';
import { attributeOptions } from './attributes.ts';
import { invalid, type LogOptionMap } from './option-values.ts';
import { splitAddress } from './sink-address.ts';

export const gelfOptions = new Set([
	...attributeOptions,
	'gelf-address',
	'gelf-compression-level',
	'gelf-compression-type',
	'gelf-tcp-max-reconnect',
	'gelf-tcp-reconnect-delay',
]);

const defaultReconnects = 3;
const defaultDelay = 1;

/** What `gelf` is asked for, but for what it says of the container. @throws `invalid_argument` */
export function parseGelf(options: LogOptionMap): Omit<GelfSink, 'driver' | 'hostname' | 'extra'> {
	const address = parseAddress(options['gelf-address'] ?? '');
	const isTcp = address.kind === 'tcp';
	for (const name of ['gelf-compression-type', 'gelf-compression-level']) {
		if (isTcp && options[name] !== undefined) throw invalid('compression is only supported on UDP');
	}
	for (const name of ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay']) {
		if (!isTcp && options[name] !== undefined) throw invalid(`"${name}" is only valid for TCP`);
	}
	const compression = options['gelf-compression-type'] ?? 'gzip';
	if (compression !== 'gzip' && compression !== 'zlib' && compression !== 'none') {
		throw unknownValue('gelf-compression-type', compression);
	}
	return {
		address,
		compression,
		level: numberOf(options, 'gelf-compression-level', 1, -1, 9),
		maxReconnect: numberOf(options, 'gelf-tcp-max-reconnect', defaultReconnects, 0, Number.MAX_SAFE_INTEGER),
		reconnectDelay: 1000 * numberOf(options, 'gelf-tcp-reconnect-delay', defaultDelay, 0, 86_400),
	};
}

function unknownValue(name: string, value: string): Error {
	return invalid(`unknown value ${JSON.stringify(value)} for log opt "${name}" for gelf log driver`);
}

function numberOf(options: LogOptionMap, name: string, fallback: number, least: number, most: number): number {
	const text = options[name];
	if (text === undefined) return fallback;
	const value = Number(text);
	if (!/^-?\d+$/.test(text) || value < least || value > most) throw unknownValue(name, text);
	return value;
}

function parseAddress(text: string): GelfSink['address'] {
	if (text === '') throw invalid('gelf-address is a required parameter');
	const parts = splitAddress(text);
	if (parts === null || (parts.scheme !== 'udp' && parts.scheme !== 'tcp')) {
		throw invalid(`gelf-address should be in form proto://address, got ${text}`);
	}
	const { scheme, host, port } = parts;
	if (port === null || host === '') throw invalid('gelf: please provide gelf-address as proto://host:port');
	return scheme === 'udp' ? { kind: 'udp', host, port } : { kind: 'tcp', host, port, tls: null };
}
