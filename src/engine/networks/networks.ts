import { join } from 'node:path';
import { EngineError, wrap } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Endpoint, EndpointRequest } from '../containers/model.ts';
import type { LiveSandbox, Networking, Sandbox, SandboxRequest } from '../containers/ports.ts';
import { copyFiles, type HostFiles, hostFiles, renderFiles } from './container-files.ts';
import { type DefaultNetworksOptions, openDefaultNetworks } from './default-networks.ts';
import type { LiveEndpoint, NetworkDriver } from './driver.ts';
import { parseExtraHost } from './files/hosts.ts';
import { checkSharedMode, type Mode, parseMode } from './mode.ts';
import { parsePublications } from './ports/publication.ts';
import { createNetworkQueries } from './queries.ts';
import { newId } from './records.ts';
import { createSandboxNamespaces } from './sandbox.ts';
import type { Network, NetworkMember, NetworkQueries } from './service.ts';

/** A container as one that shares its network sees it. */
export interface NetworkPeer {
	readonly id: string;
	/** `running`, `exited` …; only of a running one the network can be shared. */
	readonly state: string;
	/** null unless it runs. */
	readonly pid: number | null;
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

export interface NetworksOptions extends DefaultNetworksOptions {
	/** Namespaces are kept in `<runDir>/netns`. */
	readonly runDir: string;
	readonly events: Pick<EventBus, 'publish'>;
	readonly peers: NetworkPeers;
	readonly hostFiles?: HostFiles;
}

/** The networks of one daemon. */
export interface Networks {
	readonly networking: Networking;
	readonly queries: NetworkQueries;
	/** Lets go of the kernel and of the reserved ports; containers keep their networks until the next daemon adopts them. */
	close(): void;
	/** Removes the bridge (when an engine made it) and the rules; containers must not run any more. For good: nothing works afterwards. */
	destroy(): Promise<void>;
}

const noRequest: EndpointRequest = { aliases: [], ipv4: '', ipv6: '', macAddress: '', driverOpts: {} };

/**
 * Networks in the network namespace of this thread. Works once `networking.reconcile` was called.
 * @throws `invalid_argument` for a bad bridge configuration, `exhausted` without a free subnet.
 */
export function createNetworks(options: NetworksOptions): Networks {
	const { log, peers } = options;
	const namespaces = createSandboxNamespaces(join(options.runDir, 'netns'), log);
	const { driver, known } = openDefaultNetworks(options);
	/** What each container has, by container id; endpoints of `host` and `none` included. */
	const live = new Map<string, readonly LiveEndpoint[]>();

	const tell = (action: 'connect' | 'disconnect', containerId: string, { networkId, networkName }: Endpoint): void => {
		const type = known.find(({ id }) => id === networkId)?.driver ?? '';
		const attributes = { container: containerId, name: networkName, type };
		options.events.publish({ type: 'network', action, id: networkId, attributes });
	};

	const members = (id: string): NetworkMember[] =>
		[...live.values()].flat().flatMap(({ containerId, endpoint }) => {
			if (endpoint.networkId !== id) return [];
			const { endpointId, macAddress, ipv4, prefixLength } = endpoint;
			const containerName = peers.nameOf(containerId);
			return [
				{ containerId, containerName, endpointId, macAddress, ipv4: ipv4 === '' ? '' : `${ipv4}/${prefixLength}` },
			];
		});
	const queries = createNetworkQueries(() => known, members);

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

	const attachBare = (request: SandboxRequest, name: 'host' | 'none'): Sandbox => {
		const endpoint = bare(
			known.find((network) => network.name === name),
			request,
		);
		const place = { isolated: name === 'none', addresses: [], hostGateway: driver?.gateway ?? null };
		const files = renderFiles(request, place, options.hostFiles ?? hostFiles);
		live.set(request.containerId, [{ containerId: request.containerId, endpoint, ports: [] }]);
		return { netns: { kind: name === 'host' ? 'host' : 'private' }, endpoints: [endpoint], ports: [], files };
	};

	const attachShared = (request: SandboxRequest, ref: string): Sandbox => {
		const peer = peers.find(ref);
		if (peer.id === request.containerId) throw new EngineError('invalid_argument', 'cannot join own network namespace');
		if (peer.pid === null) {
			const what = `container ${peers.nameOf(peer.id)} is ${peer.state}`;
			throw new EngineError('conflict', `cannot join network namespace of a non running container: ${what}`);
		}
		const files = copyFiles(peer.files);
		return { netns: { kind: 'path', path: `/proc/${peer.pid}/ns/net` }, endpoints: [], ports: [], files };
	};

	const attachNetwork = async (request: SandboxRequest, ref: string): Promise<Sandbox> => {
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
			const files = renderFiles(request, place, options.hostFiles ?? hostFiles);
			live.set(containerId, [connected]);
			return { netns: { kind: 'path', path: namespace.path }, endpoints: [endpoint], ports, files };
		} catch (error) {
			if (connected !== undefined) chosen.disconnect(connected);
			namespaces.remove(containerId);
			throw error;
		} finally {
			namespace.route.close();
		}
	};

	const attachAs = async (request: SandboxRequest, mode: Mode): Promise<Sandbox> => {
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

	const release = (containerId: string): void => {
		const entries = live.get(containerId) ?? [];
		live.delete(containerId);
		const failures: unknown[] = [];
		const attempt = (step: () => void): void => {
			try {
				step();
			} catch (error) {
				failures.push(error);
			}
		};
		for (const entry of entries) {
			if (entry.endpoint.ipv4 !== '') attempt(() => driver?.disconnect(entry));
		}
		attempt(() => namespaces.remove(containerId));
		for (const { endpoint } of entries) attempt(() => tell('disconnect', containerId, endpoint));
		if (failures.length > 0) throw wrap(new AggregateError(failures), 'release the network of', containerId);
	};

	const reconcile = async (running: readonly LiveSandbox[]): Promise<void> => {
		const ids = new Set(running.map(({ containerId }) => containerId));
		for (const id of namespaces.list()) {
			if (!ids.has(id)) namespaces.remove(id);
		}
		for (const { containerId, endpoints, ports } of running) {
			live.set(
				containerId,
				endpoints.map((endpoint) => ({ containerId, endpoint, ports: endpoint.ipv4 === '' ? [] : ports })),
			);
		}
		await driver?.reconcile([...live.values()].flat().filter(({ endpoint }) => endpoint.ipv4 !== ''));
	};

	return {
		networking: {
			validate,
			async attach(request) {
				if (live.has(request.containerId)) release(request.containerId);
				const sandbox = await attachAs(request, modeOf(request));
				for (const endpoint of sandbox.endpoints) tell('connect', request.containerId, endpoint);
				return sandbox;
			},
			async release(containerId) {
				release(containerId);
			},
			reconcile,
		},
		queries,
		close() {
			driver?.close();
		},
		async destroy() {
			await driver?.destroy();
		},
	};
}
