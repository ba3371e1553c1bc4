import { EngineError } from '../../errors.ts';
import type { SandboxRequest } from '../containers/ports.ts';

/** What a network mode asks for. */
export type Mode =
	| { readonly kind: 'none' }
	| { readonly kind: 'host' }
	| { readonly kind: 'container'; readonly ref: string }
	/** A network, by name or id. */
	| { readonly kind: 'network'; readonly ref: string };

/** `''` and `default` mean the default bridge, or no network where that is switched off. @throws `invalid_argument` */
export function parseMode(text: string, bridgeEnabled: boolean): Mode {
	if (text === '' || text === 'default') return bridgeEnabled ? { kind: 'network', ref: 'bridge' } : { kind: 'none' };
	if (text === 'none' || text === 'host') return { kind: text };
	if (text === 'container' || text === 'container:') {
		throw new EngineError('invalid_argument', 'invalid container format container:<name|id>');
	}
	if (text.startsWith('container:')) return { kind: 'container', ref: text.slice('container:'.length) };
	return { kind: 'network', ref: text };
}

/** What cannot be asked of a network that is another container's. @throws `invalid_argument` in dockerd's words */
export function checkSharedMode(request: SandboxRequest): void {
	const conflict = (what: string): never => {
		throw new EngineError('invalid_argument', `conflicting options: ${what}`);
	};
	if (request.dns.length > 0) conflict('dns and the network mode');
	if (request.extraHosts.length > 0) conflict('custom host-to-IP mapping and the network mode');
	if (Object.values(request.endpointRequests).some(({ macAddress }) => macAddress !== '')) {
		conflict('mac-address and the network mode');
	}
	if (request.publishAllPorts || Object.keys(request.portBindings).length > 0) {
		conflict('port publishing and the container type network mode');
	}
}
