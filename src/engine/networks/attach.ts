import { EngineError } from '../../errors.ts';
import type { Endpoint, EndpointRequest } from '../containers/model.ts';
import type { Sandbox, SandboxRequest } from '../containers/ports.ts';
import { copyFiles, type HostFiles, hostFiles, renderFiles } from './container-files.ts';
import type { LiveEndpoint, NetworkDriver } from './driver.ts';
import { parseExtraHost } from './files/hosts.ts';
import { checkSharedMode, type Mode, parseMode } from './mode.ts';
import { parsePublications } from './ports/publication.ts';
import { newId } from './records.ts';
import type { SandboxNamespaces } from './sandbox.ts';
import type { Network, NetworkQueries } from './service.ts';

/** A container as one that shares its network sees it. */
export interface NetworkPeer {
	readonly id: string;
	/** `running`, `exited` …; only of a running one the network can be shared. */
	readonly state: string;
	/** null unless it runs. */
	readonly pid: number | null;
	readonly hostname: string;
	readonly domainname: string;
	/** Paths on the host of its files. */
	readonly files: { readonly hosts: string; readonly resolvConf: string; readonly hostname: string };
}

/** What networks need of containers. */
export interface NetworkPeers {
	/** By id, unique id prefix or name. @throws `not_found` (`No such container: REF`). */
	find(ref: string): NetworkPeer;
	/** The name that it has now; `''` for one that is not known. */
	nameOf(containerId: string): string;
}

/** What attaching works with. */
export interface AttachmentOptions {
	/** null: no default bridge network. */
	readonly driver: NetworkDriver | null;
	readonly known: readonly Network[];
	readonly queries: NetworkQueries;
	readonly namespaces: SandboxNamespaces;
	readonly peers: NetworkPeers;
	readonly hostFiles?: HostFiles;
}

/** A sandbox with the endpoints that are to be released one day. */
export interface Attached {
	readonly sandbox: Sandbox;
	readonly entries: readonly LiveEndpoint[];
}

const noRequest: EndpointRequest = { aliases: [], ipv4: '', ipv6: '', macAddress: '', driverOpts: {} };

/** Checks and serves what a container asks of its network, by mode. See {@link Sandbox}. */
export function createAttachment(options: AttachmentOptions): {
	validate(request: SandboxRequest): void;
	/** All or nothing. @throws `conflict` for a taken port, `not_found`, `exhausted` */
	attach(request: SandboxRequest): Promise<Attached>;
} {
	const { driver, known, queries, namespaces, peers } = options;
	const from = options.hostFiles ?? hostFiles;
	const modeOf = (request: SandboxRequest): Mode => parseMode(request.networkMode, driver !== null);
	/** Only the default networks exist, and of these only the bridge has a driver. */
	const bridgeFor = (ref: string): { network: Network; driver: NetworkDriver } => {
		const network = queries.get(ref);
		if (driver === null || network.driver !== 'bridge') throw new EngineError('not_found', `network ${ref} not found`);
		return { network, driver };
	};
	const requestFor = (request: SandboxRequest, network: Network): EndpointRequest =>
		request.endpointRequests[network.name] ??
		request.endpointRequests[network.id] ??
		request.endpointRequests[request.networkMode] ??
		noRequest;

	const validate = (request: SandboxRequest): void => {
		const mode = modeOf(request);
		parsePublications(request);
		for (const extra of request.extraHosts) parseExtraHost(extra);
		if (mode.kind === 'container') checkSharedMode(request);
		if (mode.kind !== 'network') return;
		const { network, driver: chosen } = bridgeFor(mode.ref);
		chosen.validate(requestFor(request, network));
		for (const name of Object.keys(request.endpointRequests)) {
			if (name === 'default' || name === request.networkMode) continue;
			const other = queries.get(name);
			if (other.id !== network.id) {
				throw new EngineError(
					'unsupported',
					`a container can be in one network only: ${network.name} or ${other.name}`,
				);
			}
		}
	};

	const bare = (network: Network | undefined, request: SandboxRequest): Endpoint => {
		if (network === undefined) throw new EngineError('internal', 'a default network is missing');
		return {
			networkId: network.id,
			networkName: network.name,
			endpointId: newId(),
			ipv4: '',
			prefixLength: 0,
			gateway: '',
			macAddress: '',
			request: requestFor(request, network),
		};
	};

	const attachBare = (request: SandboxRequest, name: 'host' | 'none'): Attached => {
		const endpoint = bare(
			known.find((network) => network.name === name),
			request,
		);
		const place = { isolated: name === 'none', addresses: [], hostGateway: driver?.gateway ?? null };
		const files = renderFiles(request, place, from);
		const entries = [{ containerId: request.containerId, endpoint, ports: [] }];
		const kind = name === 'host' ? 'host' : 'private';
		return { sandbox: { netns: { kind }, endpoints: [endpoint], ports: [], files }, entries };
	};

	const attachShared = (request: SandboxRequest, ref: string): Attached => {
		const peer = peers.find(ref);
		if (peer.id === request.containerId) throw new EngineError('invalid_argument', 'cannot join own network namespace');
		if (peer.pid === null) {
			throw new EngineError('conflict', `cannot join network of a non running container: ${peer.id}`);
		}
		const files = copyFiles(peer.files);
		const netns = { kind: 'path', path: `/proc/${peer.pid}/ns/net` } as const;
		const { hostname, domainname } = peer;
		const identity = { hostname, domainname };
		return { sandbox: { netns, endpoints: [], ports: [], files, identity }, entries: [] };
	};

	const attachNetwork = async (request: SandboxRequest, ref: string): Promise<Attached> => {
		const { containerId, containerName } = request;
		const { network, driver: chosen } = bridgeFor(ref);
		const publications = parsePublications(request);
		const namespace = namespaces.create(containerId);
		let connected: LiveEndpoint | undefined;
		try {
			connected = await chosen.connect(namespace, {
				containerId,
				containerName,
				endpointId: newId(),
				device: 'eth0',
				request: requestFor(request, network),
				publications,
			});
			const { endpoint, ports } = connected;
			const place = { isolated: true, addresses: [endpoint.ipv4], hostGateway: chosen.gateway };
			const files = renderFiles(request, place, from);
			const netns = { kind: 'path', path: namespace.path } as const;
			return { sandbox: { netns, endpoints: [endpoint], ports, files }, entries: [connected] };
		} catch (error) {
			if (connected !== undefined) chosen.disconnect(connected);
			namespaces.remove(containerId);
			throw error;
		} finally {
			namespace.route.close();
		}
	};

	const attachAs = async (request: SandboxRequest, mode: Mode): Promise<Attached> => {
		switch (mode.kind) {
			case 'none':
			case 'host':
				return attachBare(request, mode.kind);
			case 'container':
				return attachShared(request, mode.ref);
			case 'network':
				return attachNetwork(request, mode.ref);
		}
	};

	return { validate, attach: (request) => attachAs(request, modeOf(request)) };
}
