import { BlockList, isIP } from 'node:net';
import { EngineError } from '../../../errors.ts';
import type { RegistryConfig } from './config.ts';

/** One way to reach a registry. */
export interface RegistryEndpoint {
	/** Scheme and host, without a slash at the end: `https://registry-1.docker.io`. */
	readonly base: string;
	/** False: any certificate will do. */
	readonly verifyTls: boolean;
	/** A mirror's failure of any kind sends us to the next endpoint. */
	readonly mirror: boolean;
}

/** Where registries are. */
export interface RegistryEndpoints {
	/** Ways to reach the registry, the best first: mirrors, then https, then http where that is allowed. */
	of(domain: string): readonly RegistryEndpoint[];
	/** Remembers what worked, so that the next pull asks there first. */
	worked(domain: string, endpoint: RegistryEndpoint): void;
}

/** @throws EngineError `invalid_argument` for a mirror or CIDR that is not one. */
export function createEndpoints(config: RegistryConfig): RegistryEndpoints {
	const remembered = new Map<string, string>();
	return {
		of(domain) {
			// Read each time: the configuration may have been read again.
			const insecure = insecureHosts(config.insecureRegistries);
			const mirrors = config.registryMirrors.map((text) => ({ base: mirrorBase(text), verifyTls: true, mirror: true }));
			if (domain === 'docker.io') {
				return [...mirrors, { base: 'https://registry-1.docker.io', verifyTls: true, mirror: false }];
			}
			const allowed = insecure(domain);
			const secure = { base: `https://${domain}`, verifyTls: !allowed, mirror: false };
			if (!allowed) return [secure];
			const plain = { base: `http://${domain}`, verifyTls: false, mirror: false };
			return remembered.get(domain) === plain.base ? [plain, secure] : [secure, plain];
		},
		worked(domain, endpoint) {
			if (!endpoint.mirror) remembered.set(domain, endpoint.base);
		},
	};
}

function mirrorBase(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
		throw new EngineError('invalid_argument', `invalid mirror: ${JSON.stringify(text)} is not a URL of a registry`);
	}
	return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** True for loopback and for what the configuration lists. */
function insecureHosts(configured: readonly string[]): (domain: string) => boolean {
	const networks = new BlockList();
	networks.addSubnet('127.0.0.0', 8, 'ipv4');
	networks.addAddress('::1', 'ipv6');
	const hosts = new Set<string>();
	for (const entry of configured) {
		const [address = '', prefix] = entry.split('/');
		const family = isIP(address);
		if (prefix === undefined || family === 0) hosts.add(entry);
		else networks.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
	}
	return (domain) => {
		const host = domain.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
		const family = isIP(host);
		if (hosts.has(domain) || hosts.has(host) || host === 'localhost') return true;
		return family !== 0 && networks.check(host, family === 4 ? 'ipv4' : 'ipv6');
	};
}
