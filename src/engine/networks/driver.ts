import type { NetlinkConnection } from '../../kernel/netlink/connection.ts';
import type { Endpoint, EndpointRequest, PublishedPort } from '../containers/model.ts';
import type { Publication } from './ports/publication.ts';

/** A container's network namespace while endpoints are made in it. */
export interface SandboxNamespace {
	readonly path: string;
	/** Speaks to the namespace, from wherever this thread is. */
	readonly route: NetlinkConnection;
}

/** What a driver is to connect. */
export interface Connection {
	readonly containerId: string;
	readonly containerName: string;
	readonly endpointId: string;
	/** The device's name in the container: `eth0` … */
	readonly device: string;
	readonly request: EndpointRequest;
	readonly publications: readonly Publication[];
}

/** An endpoint that lives, with what is published to it. */
export interface LiveEndpoint {
	readonly containerId: string;
	readonly endpoint: Endpoint;
	readonly ports: readonly PublishedPort[];
}

/** One network at work. `bridge` is the only kind with devices so far; a driver per folder. */
export interface NetworkDriver {
	/**
	 * Makes the network's devices and rules as they must be for exactly these endpoints, and removes what is left of others.
	 * Called at boot, before anything else.
	 */
	reconcile(live: readonly LiveEndpoint[]): Promise<void>;
	/** @throws `invalid_argument` for an endpoint request that this network cannot serve. */
	validate(request: EndpointRequest): void;
	/** All or nothing. @throws `conflict` for a taken port, `exhausted` */
	connect(namespace: SandboxNamespace, connection: Connection): Promise<LiveEndpoint>;
	/** Takes ports, rules and the address away; the device goes with the namespace. */
	disconnect(live: LiveEndpoint): void;
	/** The address by which containers reach the host. */
	readonly gateway: string;
	/** Lets go of the kernel; devices and rules stay. */
	close(): void;
	/** Removes the devices and rules of the network itself, and closes. */
	destroy(): Promise<void>;
}
