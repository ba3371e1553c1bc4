/** What a container asks of name resolution; an empty list means: as the host. */
export interface ResolverRequest {
	readonly dns: readonly string[];
	readonly dnsOptions: readonly string[];
	/** `.` alone: no search domains. */
	readonly dnsSearch: readonly string[];
}

/** A parsed resolv.conf. */
export interface ResolverSettings {
	readonly nameservers: readonly string[];
	readonly search: readonly string[];
	readonly options: readonly string[];
}

/** The address of the stub that systemd-resolved listens on; its real servers stand in a file of its own. */
export const resolvedStub = '127.0.0.53';

/** Used when the host has no name server that a container could reach. */
const publicServers = ['8.8.8.8', '8.8.4.4'];

/** Reads a resolv.conf as resolvers do: unknown lines are skipped, of several `search` lines the last counts. */
export function parseResolvConf(text: string): ResolverSettings {
	const nameservers: string[] = [];
	let search: readonly string[] = [];
	const options: string[] = [];
	for (const line of text.split('\n')) {
		const [keyword = '', ...values] = line
			.replace(/[#;].*$/, '')
			.trim()
			.split(/\s+/);
		if (keyword === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
		if (keyword === 'search' || keyword === 'domain') search = values;
		if (keyword === 'options') options.push(...values);
	}
	return { nameservers, search, options };
}

/** True where the host's file only points to systemd-resolved's stub. */
export function isResolvedStub(text: string): boolean {
	const { nameservers } = parseResolvConf(text);
	return nameservers.length > 0 && nameservers.every((server) => server === resolvedStub);
}

function isLoopback(server: string): boolean {
	return server.startsWith('127.') || server === '::1';
}

function lines(settings: ResolverSettings): string {
	const parts = settings.nameservers.map((server) => `nameserver ${server}`);
	if (settings.search.length > 0) parts.push(`search ${settings.search.join(' ')}`);
	if (settings.options.length > 0) parts.push(`options ${settings.options.join(' ')}`);
	return parts.length === 0 ? '' : `${parts.join('\n')}\n`;
}

/**
 * A container's resolv.conf from the host's and what was asked for. In a namespace of its own (`isolated`) the host's
 * loopback and IPv6 servers are out of reach: they are left out, and public ones stand in when none remains.
 */
export function renderResolvConf(host: string, request: ResolverRequest, isolated: boolean): string {
	const from = parseResolvConf(host);
	const own = request.dns.length > 0;
	const reachable = from.nameservers.filter((server) => !isolated || !(isLoopback(server) || server.includes(':')));
	const fallback = isolated && reachable.length === 0 ? publicServers : reachable;
	const search = request.dnsSearch.length > 0 ? request.dnsSearch : from.search;
	return lines({
		nameservers: own ? request.dns : fallback,
		search: search.length === 1 && search[0] === '.' ? [] : search,
		options: request.dnsOptions.length > 0 ? request.dnsOptions : from.options,
	});
}
