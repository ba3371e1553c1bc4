import type { NetworkingConfig } from '../../api/container.ts';
import { type EndpointSettings, idleEndpoint } from '../../api/network.ts';
import { EngineError } from '../../errors.ts';
import type { Flags } from '../flags.ts';
import { isAddress } from './ports.ts';
import { parseCsv } from './texts.ts';

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

/** One network to attach to, as asked for on the command line. */
export interface NetworkRequest {
	readonly name: string;
	readonly aliases: readonly string[];
	readonly driverOpts: Readonly<Record<string, string>>;
	readonly ip: string;
	readonly ip6: string;
	readonly linkLocal: readonly string[];
	readonly mac: string;
	readonly links: readonly string[];
	readonly priority: number;
}

/** `--network NAME`, or `--network name=NAME,alias=…,ip=…`. @throws EngineError `invalid_argument` */
export function parseNetwork(text: string): NetworkRequest {
	const request = {
		name: '',
		aliases: [] as string[],
		driverOpts: {} as Record<string, string>,
		ip: '',
		ip6: '',
		linkLocal: [] as string[],
		mac: '',
		links: [] as string[],
		priority: 0,
	};
	if (!/^[^,]*=/.test(text)) return { ...request, name: text };
	for (const field of parseCsv(text)) {
		const equals = field.indexOf('=');
		if (equals < 1) throw wrong(`invalid field ${field}`);
		const key = field.slice(0, equals).trim().toLowerCase();
		const value = field.slice(equals + 1).trim();
		if (key === 'name') request.name = value;
		else if (key === 'alias') request.aliases.push(value);
		else if (key === 'ip') request.ip = value;
		else if (key === 'ip6') request.ip6 = value;
		else if (key === 'mac-address') request.mac = value;
		else if (key === 'link-local-ip') request.linkLocal.push(value);
		else if (key === 'gw-priority') request.priority = priorityOf(value);
		else if (key === 'driver-opt') {
			const split = value.indexOf('=');
			if (split < 1) throw wrong('invalid key/value pair format in driver options');
			request.driverOpts[value.slice(0, split).toLowerCase()] = value.slice(split + 1);
		} else throw wrong(`invalid field key ${key}`);
	}
	if (request.name === '') throw wrong('network name/id is not specified');
	return request;
}

function priorityOf(text: string): number {
	if (!/^[+-]?\d+$/.test(text)) throw wrong(`invalid gw-priority: ${text}`);
	return Number(text);
}

/** A check for `--add-host`: the API's form, `HOST:IP`. */
export function hostFlag(text: string): string {
	const match = /^([^:=]+)[:=](.+)$/.exec(text);
	const ip = match?.[2]?.replace(/^\[(.*)\]$/, '$1') ?? '';
	if (match === null) throw wrong(`bad format for add-host: "${text}"`);
	if (ip !== 'host-gateway' && !isAddress(ip)) throw wrong(`invalid IP address in add-host: "${ip}"`);
	return `${match[1]}:${ip}`;
}

const notUserDefined = new Set(['default', 'bridge', 'host', 'none', 'nat']);

/** The networks of a container, from `--network` and the flags that refine the first of them. */
export function parseNetworks(flags: Flags): { mode: string; config: NetworkingConfig } {
	const requests = flags.list('network').map(parseNetwork);
	const first = refine(requests[0] ?? parseNetwork('default'), flags);
	const all = [first, ...requests.slice(1)];
	const endpoints: Record<string, EndpointSettings> = {};
	for (const request of all) {
		if (isPlain(request, flags)) continue;
		if (Object.hasOwn(endpoints, request.name)) throw wrong(`network "${request.name}" is specified multiple times`);
		endpoints[request.name] = endpointOf(request);
	}
	const userDefined = all.map(({ name }) => !notUserDefined.has(name) && !name.startsWith('container:'));
	if (userDefined.includes(true) && userDefined.includes(false)) {
		throw wrong('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
	}
	return { mode: first.name, config: { EndpointsConfig: endpoints } };
}

/** One network and nothing said of it: its name as the mode says all. */
function isPlain(request: NetworkRequest, flags: Flags): boolean {
	if (flags.list('network').length !== 1) return false;
	const { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority } = endpointOf(request);
	return !(IPAMConfig || Links || Aliases || MacAddress || DriverOpts || GwPriority);
}

function refine(request: NetworkRequest, flags: Flags): NetworkRequest {
	const both = (flag: string, what: string) =>
		wrong(`conflicting options: cannot specify both --${flag} and per-network ${what}`);
	if (flags.changed('network-alias') && request.aliases.length > 0) throw both('network-alias', 'alias');
	if (flags.changed('ip') && request.ip !== '') throw both('ip', 'IPv4 address');
	if (flags.changed('ip6') && request.ip6 !== '') throw both('ip6', 'IPv6 address');
	if (flags.changed('mac-address') && request.mac !== '') throw both('mac-address', 'MAC address');
	if (flags.changed('link-local-ip') && request.linkLocal.length > 0)
		throw both('link-local-ip', 'link-local IP addresses');
	const or = (flag: string, own: string) => (flags.changed(flag) ? flags.string(flag) : own);
	return {
		...request,
		aliases: [...request.aliases, ...flags.list('network-alias')],
		ip: or('ip', request.ip),
		ip6: or('ip6', request.ip6),
		mac: or('mac-address', request.mac).trim(),
		linkLocal: [...request.linkLocal, ...flags.list('link-local-ip')],
		links: flags.list('link'),
	};
}

function endpointOf(request: NetworkRequest): EndpointSettings {
	if (request.mac !== '' && !/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(request.mac)) {
		throw wrong(`${request.mac} is not a valid mac address`);
	}
	const hasAddress = request.ip !== '' || request.ip6 !== '' || request.linkLocal.length > 0;
	const userDefined = !notUserDefined.has(request.name) && !request.name.startsWith('container:');
	return {
		IPAMConfig: hasAddress
			? {
					...(request.ip === '' ? {} : { IPv4Address: request.ip }),
					...(request.ip6 === '' ? {} : { IPv6Address: request.ip6 }),
					...(request.linkLocal.length === 0 ? {} : { LinkLocalIPs: [...request.linkLocal] }),
				}
			: null,
		Links: userDefined && request.links.length > 0 ? [...request.links] : null,
		Aliases: request.aliases.length === 0 ? null : [...request.aliases],
		MacAddress: request.mac,
		DriverOpts: Object.keys(request.driverOpts).length === 0 ? null : { ...request.driverOpts },
		GwPriority: request.priority,
		...idleEndpoint,
	};
}
