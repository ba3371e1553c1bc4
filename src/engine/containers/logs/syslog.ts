import { existsSync } from 'node:fs';
import type { SinkAddress, SyslogSink } from '../../../runtime/protocol.ts';
import { attributeOptions } from './attributes.ts';
import { invalid, type LogOptionMap } from './option-values.ts';
import { splitAddress } from './sink-address.ts';

export const syslogOptions = new Set([
	...attributeOptions,
	'syslog-address',
	'syslog-facility',
	'syslog-format',
	'syslog-tls-ca-cert',
	'syslog-tls-cert',
	'syslog-tls-key',
	'syslog-tls-skip-verify',
]);

const facilities =
	'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp 12 13 14 15 local0 local1 local2 local3 local4 local5 local6 local7'.split(
		' ',
	);
const defaultPort = 514;

/** What `syslog` is asked for, but for the tag. @throws `invalid_argument` */
export function parseSyslog(options: LogOptionMap): Pick<SyslogSink, 'address' | 'format' | 'facility'> {
	const format = options['syslog-format'] ?? '';
	if (format !== '' && format !== 'rfc3164' && format !== 'rfc5424' && format !== 'rfc5424micro') {
		throw invalid('Invalid syslog format');
	}
	return { address: parseAddress(options), facility: parseFacility(options['syslog-facility'] ?? ''), format };
}

function parseFacility(text: string): number {
	if (text === '') return facilities.indexOf('daemon');
	if (/^\d{1,2}$/.test(text) && Number(text) < facilities.length) return Number(text);
	const known = facilities.indexOf(text);
	if (known < 0 || /^\d/.test(text)) throw invalid('invalid syslog facility');
	return known;
}

function parseAddress(options: LogOptionMap): SinkAddress | null {
	const text = options['syslog-address'] ?? '';
	if (text === '') return null;
	const parts = splitAddress(text);
	if (parts === null || !['tcp', 'udp', 'tcp+tls', 'unix', 'unixgram'].includes(parts.scheme)) {
		throw invalid(`syslog-address should be in form proto://address, got ${text}`);
	}
	const { scheme, path, host, port } = parts;
	if (scheme === 'unix' || scheme === 'unixgram') {
		if (!existsSync(path)) throw invalid(`stat ${path}: no such file or directory`);
		return { kind: scheme, path };
	}
	if (host === '') throw invalid(`syslog-address should be in form proto://address, got ${text}`);
	const place = { host, port: port ?? defaultPort };
	if (scheme === 'udp') return { kind: 'udp', ...place };
	return { kind: 'tcp', ...place, tls: scheme === 'tcp' ? null : tlsOf(options) };
}

function tlsOf(options: LogOptionMap): Extract<SinkAddress, { kind: 'tcp' }>['tls'] {
	return {
		ca: options['syslog-tls-ca-cert'] ?? '',
		cert: options['syslog-tls-cert'] ?? '',
		key: options['syslog-tls-key'] ?? '',
		// Any text means yes, as with Docker.
		skipVerify: (options['syslog-tls-skip-verify'] ?? '') !== '',
	};
}
