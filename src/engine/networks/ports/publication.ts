import { EngineError } from '../../../errors.ts';
import type { PortBindings } from '../../containers/model.ts';
import { formatIpv4, parseIpv4 } from '../ipv4.ts';

/** A container port to publish. */
export interface Publication {
	readonly containerPort: number;
	readonly protocol: 'tcp' | 'udp';
	/** Dotted IPv4; `0.0.0.0`: all addresses. */
	readonly hostIp: string;
	/** The first free one of these; null: any free one of the ephemeral range. */
	readonly hostPorts: { readonly first: number; readonly last: number } | null;
}

/** What a container asks to publish. */
export interface PublicationRequest {
	readonly exposedPorts: readonly string[];
	readonly portBindings: PortBindings;
	readonly publishAllPorts: boolean;
}

function parsePort(text: string): number | null {
	if (!/^\d{1,5}$/.test(text)) return null;
	const port = Number(text);
	return port >= 1 && port <= 65535 ? port : null;
}

function parseContainerPort(key: string): { containerPort: number; protocol: 'tcp' | 'udp' } {
	const [port = '', protocol = 'tcp', ...rest] = key.toLowerCase().split('/');
	const containerPort = parsePort(port);
	if (containerPort === null || rest.length > 0)
		throw new EngineError('invalid_argument', `invalid port specification: "${key}"`);
	if (protocol === 'sctp') throw new EngineError('unsupported', `publishing SCTP ports is not supported: ${key}`);
	if (protocol !== 'tcp' && protocol !== 'udp')
		throw new EngineError('invalid_argument', `invalid protocol: ${protocol}`);
	return { containerPort, protocol };
}

function parseHostPorts(text: string): Publication['hostPorts'] {
	if (text === '' || text === '0') return null;
	const [from = '', to = from, ...rest] = text.split('-');
	const first = parsePort(from);
	const last = parsePort(to);
	if (first === null || last === null || last < first || rest.length > 0) {
		throw new EngineError('invalid_argument', `invalid port specification: "${text}"`);
	}
	return { first, last };
}

function parseHostIp(text: string): string {
	if (text === '') return '0.0.0.0';
	const address = parseIpv4(text);
	if (address !== null) return formatIpv4(address);
	if (text.includes(':')) {
		throw new EngineError(
			'invalid_argument',
			`invalid host address ${text}: publishing on IPv6 addresses is not supported yet`,
		);
	}
	throw new EngineError('invalid_argument', `invalid host address: ${text}`);
}

/**
 * The ports to publish, fixed host ports first so that an ephemeral one never takes theirs.
 * @throws `invalid_argument` for what cannot be parsed and for IPv6 host addresses, `unsupported` for SCTP.
 */
export function parsePublications(request: PublicationRequest): readonly Publication[] {
	const publications: Publication[] = [];
	const bound = new Set<string>();
	for (const [key, bindings] of Object.entries(request.portBindings)) {
		if (bindings.length === 0) continue;
		const place = parseContainerPort(key);
		bound.add(`${place.containerPort}/${place.protocol}`);
		for (const { hostIp, hostPort } of bindings) {
			publications.push({ ...place, hostIp: parseHostIp(hostIp), hostPorts: parseHostPorts(hostPort) });
		}
	}
	if (request.publishAllPorts) {
		for (const key of [...request.exposedPorts, ...Object.keys(request.portBindings)]) {
			const place = parseContainerPort(key);
			const name = `${place.containerPort}/${place.protocol}`;
			if (bound.has(name)) continue;
			bound.add(name);
			publications.push({ ...place, hostIp: '0.0.0.0', hostPorts: null });
		}
	}
	const freedom = ({ hostPorts }: Publication): number =>
		hostPorts === null ? 65536 : hostPorts.last - hostPorts.first;
	return publications.sort((one, other) => freedom(one) - freedom(other));
}
