import { isIP } from 'node:net';
import { defaultRegistryConfig, type RegistryConfig } from '../engine/images/registry/config.ts';
import { EngineError } from '../errors.ts';
import { buildInfo } from '../lib/build-info.ts';
import type { LiveConfig } from './reload.ts';

const invalid = (message: string) => new EngineError('invalid_argument', message);

/** A registry that may do without TLS: a host with or without port, or a CIDR. @throws EngineError `invalid_argument` */
export function checkInsecureRegistry(entry: string): string {
	if (entry.includes('://')) throw invalid(`insecure registry ${entry} should not contain '://'`);
	const [address = '', prefix, ...more] = entry.split('/');
	const family = isIP(address);
	if (prefix !== undefined) {
		const longest = family === 4 ? 32 : 128;
		if (family === 0 || more.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)
			throw invalid(`insecure registry ${entry} is not valid: give HOST, HOST:PORT or a CIDR`);
		return entry;
	}
	const port = /:(\d+)$/.exec(entry)?.[1];
	if (!/^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9_.-]+)(:\d{1,5})?$/.test(entry) || Number(port ?? 1) > 65_535)
		throw invalid(`insecure registry ${entry} is not valid: invalid host ${JSON.stringify(entry)}`);
	return entry;
}

/** A mirror of Docker Hub. @throws EngineError `invalid_argument` */
export function checkMirror(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null) throw invalid(`invalid mirror: ${JSON.stringify(text)} is not a valid URI`);
	if (!/^https?:$/.test(url.protocol))
		throw invalid(`invalid mirror: unsupported scheme ${JSON.stringify(url.protocol.replace(/:$/, ''))} in ${text}`);
	if (url.search !== '' || url.hash !== '') throw invalid(`invalid mirror: query or fragment in ${text}`);
	if (url.username !== '' || url.password !== '') throw invalid('invalid mirror: username/password not allowed in URI');
	return text;
}

/** A whole number of at least `least`. @throws EngineError `invalid_argument` that names the setting */
export function checkCount(name: string, text: string, least: number): number {
	const count = Number(text);
	if (!/^-?\d{1,9}$/.test(text) || count < least) throw invalid(`invalid ${name}: ${text}`);
	return count;
}

/** Registries as the configuration in force has them. */
export function liveRegistryConfig(live: LiveConfig): RegistryConfig {
	return {
		userAgent: `gantry/${buildInfo.version}`,
		get insecureRegistries() {
			return live.current().insecureRegistries;
		},
		get registryMirrors() {
			return live.current().registryMirrors;
		},
		get maxConcurrentDownloads() {
			return live.current().maxConcurrentDownloads;
		},
		get patience() {
			return { ...defaultRegistryConfig.patience, attempts: live.current().maxDownloadAttempts };
		},
	};
}
