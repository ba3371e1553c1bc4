import type { PortMap } from '../../api/container.ts';
import { EngineError } from '../../errors.ts';
import { pairsToMap, parseCsv } from './texts.ts';

interface Range {
	readonly first: number;
	readonly last: number;
}

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

function parseRange(text: string, invalid: () => EngineError): Range {
	const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
	if (match === null) throw invalid();
	const first = Number(match[1]);
	const last = match[2] === undefined ? first : Number(match[2]);
	if (first > 65535 || last > 65535 || last < first) throw invalid();
	return { first, last };
}

const protocols = ['tcp', 'udp', 'sctp'];

/** Published ports, and the ports that they expose. */
export interface Published {
	readonly exposed: Record<string, Record<string, never>>;
	readonly bindings: PortMap;
}

/**
 * Parses `-p` values: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]::80`, ranges, and the long form
 * `target=80,published=8080,protocol=tcp`.
 * @throws EngineError `invalid_argument`
 */
export function parsePublished(values: readonly string[]): Published {
	const exposed: Record<string, Record<string, never>> = {};
	const bindings: PortMap = {};
	for (const value of values) {
		for (const { port, ip, host } of parseOne(value.includes('=') ? fromLongForm(value) : value)) {
			exposed[port] = {};
			const known = bindings[port] ?? [];
			bindings[port] = [...known, { HostIp: ip, HostPort: host }];
		}
	}
	return { exposed, bindings };
}

function parseOne(value: string): { port: string; ip: string; host: string }[] {
	const slash = value.indexOf('/');
	const protocol = slash < 0 ? 'tcp' : value.slice(slash + 1).toLowerCase();
	const { ip, host, container } = splitParts(slash < 0 ? value : value.slice(0, slash));
	if (ip !== '' && !isAddress(ip)) throw wrong(`invalid IP address: ${ip}`);
	if (container === '') throw wrong(`no port specified: ${value}<empty>`);
	const inside = parseRange(container, () => wrong(`invalid containerPort: ${container}`));
	const outside = host === '' ? null : parseRange(host, () => wrong(`invalid hostPort: ${host}`));
	if (!protocols.includes(protocol)) throw wrong(`invalid proto: ${protocol}`);
	const count = inside.last - inside.first;
	if (outside !== null && outside.last - outside.first !== count && count > 0) {
		throw wrong(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
	}
	return Array.from({ length: count + 1 }, (_, index) => {
		let published = '';
		if (outside !== null) {
			published = String(outside.first + index);
			// One port inside, many outside: the daemon picks one of them.
			if (count === 0 && outside.first !== outside.last) published = `${outside.first}-${outside.last}`;
		}
		return { port: `${inside.first + index}/${protocol}`, ip, host: published };
	});
}

/** `ip:host:container` from the right; an IPv6 address stands in brackets. */
function splitParts(text: string): { ip: string; host: string; container: string } {
	const parts = text.split(':');
	const container = parts.at(-1) ?? '';
	if (parts.length === 1) return { ip: '', host: '', container };
	const host = parts.at(-2) ?? '';
	const ip = parts.slice(0, -2).join(':');
	return { ip: ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip, host, container };
}

/** True for an IPv4 or IPv6 address, without a zone. */
export function isAddress(text: string): boolean {
	if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text.split('.').every((part) => Number(part) <= 255);
	if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false;
	return URL.canParse(`http://[${text}]/`);
}

function fromLongForm(value: string): string {
	const fields = pairsToMap(parseCsv(value));
	const known = ['target', 'published', 'protocol', 'mode'];
	for (const name of Object.keys(fields)) {
		if (!known.includes(name)) throw wrong(`invalid field key ${name}`);
	}
	const { target = '', published = '', protocol = 'tcp' } = fields;
	if (target === '') throw wrong('missing mandatory field "target"');
	if (!/^\d+$/.test(target)) throw wrong(`invalid target port (${target}): value must be an integer: invalid syntax`);
	return `${published === '' ? '' : `${published}:`}${target}/${protocol}`;
}

/** Ports of `--expose`: `80`, `80/udp`, `3000-3005`. @throws EngineError `invalid_argument` */
export function parseExposed(values: readonly string[]): string[] {
	return values.flatMap((value) => {
		if (value.includes(':')) throw wrong(`invalid port format for --expose: ${value}`);
		const slash = value.indexOf('/');
		const range = slash < 0 ? value : value.slice(0, slash);
		const protocol = slash < 0 ? 'tcp' : value.slice(slash + 1).toLowerCase();
		const { first, last } = parseRange(range, () =>
			wrong(`invalid range format for --expose: ${value}, error: invalid port range`),
		);
		if (!protocols.includes(protocol)) throw wrong(`invalid proto: ${protocol}`);
		return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
	});
}
