import type { Endpoint } from './endpoint.ts';

/** Values of a query; undefined ones are left out, a list is repeated. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `host:port` of the Host header. */
export function authority(endpoint: Endpoint & { kind: 'tcp' }): string {
	const name = endpoint.hostname.includes(':') ? `[${endpoint.hostname}]` : endpoint.hostname;
	return `${name}:${endpoint.port}`;
}

/** `?a=1&b=2`, or nothing. */
export function queryString(query: Query): string {
	const pairs: string[] = [];
	for (const [name, value] of Object.entries(query)) {
		if (value === undefined) continue;
		for (const one of Array.isArray(value) ? value : [value]) {
			pairs.push(
				`${encodeURIComponent(name)}=${encodeURIComponent(one === true ? '1' : one === false ? '0' : String(one))}`,
			);
		}
	}
	return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
