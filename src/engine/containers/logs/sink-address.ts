import { isIPv6 } from 'node:net';

/** A URL in its parts, as far as an address of a sink has them. */
export interface AddressParts {
	readonly scheme: string;
	readonly path: string;
	readonly host: string;
	/** null: not given. */
	readonly port: number | null;
}

/** Takes `scheme://host:port` or `scheme:///path` apart; null when it is neither. */
export function splitAddress(text: string): AddressParts | null {
	const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
	if (match === null) return null;
	const scheme = (match[1] ?? '').toLowerCase();
	const rest = match[2] ?? '';
	if (rest.startsWith('/')) return { scheme, path: rest, host: '', port: null };
	const place = /^(?:\[([^\]]+)\]|([^:/?#[\]]*))(?::(\d{1,5}))?\/?$/.exec(rest);
	if (place === null) return null;
	const host = place[1] ?? place[2] ?? '';
	if (place[1] !== undefined && !isIPv6(place[1])) return null;
	const port = place[3] === undefined ? null : Number(place[3]);
	return port !== null && port > 65_535 ? null : { scheme, path: '', host, port };
}
