import { join } from 'node:path';
import { wrap } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Endpoint } from '../containers/model.ts';
import type { LiveSandbox, Networking } from '../containers/ports.ts';
import { createAttachment, type NetworkPeers } from './attach.ts';
import type { HostFiles } from './container-files.ts';
import { type DefaultNetworksOptions, openDefaultNetworks } from './default-networks.ts';
import type { LiveEndpoint } from './driver.ts';
import { createNetworkQueries } from './queries.ts';
import { createSandboxNamespaces } from './sandbox.ts';
import type { NetworkMember, NetworkQueries } from './service.ts';

export type { NetworkPeer, NetworkPeers } from './attach.ts';

/** What networks are made of. */
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

/**
 * Networks in the network namespace of this thread. Works once `networking.reconcile` was called.
 * @throws `invalid_argument` for a bad bridge configuration, `exhausted` without a free subnet.
 */
export function createNetworks(options: NetworksOptions): Networks {
	const { log, peers } = options;
	const namespaces = createSandboxNamespaces(join(options.runDir, 'netns'), log);
	const { driver, known, release: releaseBridge } = openDefaultNetworks(options);
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

	const { validate, attach } = createAttachment({ ...options, driver, known, queries, namespaces });

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
				const { sandbox, entries } = await attach(request);
				live.set(request.containerId, entries);
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
			releaseBridge();
		},
		async destroy() {
			await driver?.destroy();
			releaseBridge();
		},
	};
}
