import { closeSync, openSync } from 'node:fs';
import { EngineError, messageOf, wrap } from '../../../errors.ts';
import { Errno, SyscallError } from '../../../kernel/libc.ts';
import { NetlinkFamily, openNetlink } from '../../../kernel/netlink/connection.ts';
import { changeLink, createVeth, getLink, type Link, pinAddress, setHairpin } from '../../../kernel/netlink/link.ts';
import { addAddress, addDefaultRoute } from '../../../kernel/netlink/route.ts';
import type { PublishedPort } from '../../containers/model.ts';
import { createAddressPool } from '../address-pool.ts';
import type { Connection, LiveEndpoint, NetworkDriver, SandboxNamespace } from '../driver.ts';
import { broadcastOf, formatIpv4, formatSubnet, ipv4Bytes, parseIpv4 } from '../ipv4.ts';
import type { PortTable } from '../ports/port-table.ts';
import type { Log } from '../sysctl.ts';
import { type BridgeSettings, containerPorts, ensureBridge, findLink, portNameOf, removeLink } from './device.ts';
import { createFirewall } from './firewall.ts';
import type { PortForward } from './ruleset.ts';
import { createStrayPorts } from './stray-ports.ts';

/** What a bridge driver is made of. */
export interface BridgeDriverOptions {
	readonly networkId: string;
	readonly networkName: string;
	readonly bridge: BridgeSettings;
	/** The address that an earlier configuration gave to the bridge, to be taken from it. */
	readonly formerly: { readonly address: number; readonly prefixLength: number } | null;
	readonly ports: PortTable;
	/** Tells that the device was made here, so that `destroy` may remove it. */
	readonly onMade: () => void;
	/** True when the bridge device was made by this daemon or an earlier one. */
	readonly owned: () => boolean;
	readonly log: Log;
}

/** Docker's way: the address of the container makes its hardware address. */
export function macOf(address: number): Buffer {
	return Buffer.concat([Buffer.from([0x02, 0x42]), ipv4Bytes(address)]);
}

export function formatMac(mac: Uint8Array): string {
	return [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** @throws `invalid_argument` */
export function parseMac(text: string): Buffer {
	if (!/^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/.test(text)) {
		throw new EngineError('invalid_argument', `invalid MAC address: ${text}`);
	}
	const mac = Buffer.from(text.replace(/[:-]/g, ''), 'hex');
	const [first = 0] = mac;
	if ((first & 1) === 1)
		throw new EngineError('invalid_argument', `invalid MAC address: ${text} is a multicast address`);
	return mac;
}

function forwardsOf(live: LiveEndpoint): PortForward[] {
	return live.ports.map((port) => ({ port, containerIp: live.endpoint.ipv4 }));
}

/** A driver for one bridge network in the namespace of this thread. */
export function createBridgeDriver(options: BridgeDriverOptions): NetworkDriver {
	const { bridge, log, ports } = options;
	const route = openNetlink(NetlinkFamily.route);
	const firewall = createFirewall(bridge.name, formatSubnet(bridge.subnet));
	const addresses = createAddressPool(bridge.subnet, bridge.gateway);
	const live = new Map<string, LiveEndpoint>();
	/** By container; set before the kernel hears of them, so that a table that is put back has those in flight too. */
	const forwards = new Map<string, readonly PortForward[]>();
	const allForwards = (): PortForward[] => [...forwards.values()].flat();

	const replug = (port: Link, master: number, macAddress: string): void => {
		route.request(
			changeLink(port.index, { master, up: true }),
			setHairpin(port.name),
			pinAddress(port.index, parseMac(macAddress)),
		);
	};

	/** The bridge, made again when somebody deleted it, with the ports of what lives. */
	const bridgeIndex = (): number => {
		const link = findLink(route, bridge.name);
		if (link?.up === true) return link.index;
		const { index, made } = ensureBridge(route, bridge, options.formerly, log);
		if (made) options.onMade();
		for (const { endpoint } of live.values()) {
			const port = findLink(route, portNameOf(endpoint.endpointId));
			if (port !== undefined) replug(port, index, endpoint.macAddress);
		}
		return index;
	};

	const plug = (namespace: SandboxNamespace, connection: Connection, address: number, mac: Buffer): void => {
		const { mtu, subnet, gateway } = bridge;
		const master = bridgeIndex();
		const descriptor = openSync(namespace.path, 'r');
		try {
			const host = { name: portNameOf(connection.endpointId), master, mtu, up: true };
			const peer = { name: connection.device, mtu, address: mac, namespace: descriptor };
			route.request(createVeth(host, peer));
			const port = getLink(route, host.name);
			if (port === undefined) throw new EngineError('internal', `${host.name} was not made`);
			// The address may have belonged to a container whose port the kernel has not cleared away yet.
			route.request(setHairpin(port.name), pinAddress(port.index, mac));
		} finally {
			closeSync(descriptor);
		}
		const link = getLink(namespace.route, connection.device)?.index;
		if (link === undefined) throw new EngineError('internal', `${connection.device} did not arrive in its namespace`);
		namespace.route.request(
			changeLink(link, { up: true }),
			addAddress(
				{ link, address: ipv4Bytes(address), prefixLength: subnet.prefixLength },
				ipv4Bytes(broadcastOf(subnet)),
			),
			addDefaultRoute(ipv4Bytes(gateway), link),
		);
		// A device that just got its carrier sends nothing until the kernel's link watch ran, up to a second later;
		// asking for the device (Linux ≥ 6.8) runs it now. Each of the three waits for the one before.
		getLink(namespace.route, connection.device);
		getLink(route, portNameOf(connection.endpointId));
		getLink(route, bridge.name);
	};

	const publish = async (connection: Connection, containerIp: string): Promise<readonly PublishedPort[]> => {
		const { containerName, endpointId, containerId, publications } = connection;
		let reserved: readonly PublishedPort[];
		try {
			reserved = ports.reserve(containerId, containerIp, publications);
		} catch (error) {
			const doing = `driver failed programming external connectivity on endpoint ${containerName} (${endpointId})`;
			throw wrap(error, doing);
		}
		const added = reserved.map((port) => ({ port, containerIp }));
		forwards.set(containerId, added);
		try {
			firewall.add(added);
		} catch (error) {
			if (!(error instanceof SyscallError && error.errno === Errno.ENOENT)) throw error;
			// Somebody flushed the ruleset (a firewall's reload does): the table comes back with all that lives.
			log.warn(`the nftables table of ${bridge.name} is gone; putting it back`);
			await firewall.install(allForwards());
		}
		return reserved;
	};

	/** Takes back what `connect` did; the first failure is thrown after the rest was tried. */
	const takeBack = (containerId: string): void => {
		const gone = forwards.get(containerId) ?? [];
		forwards.delete(containerId);
		try {
			firewall.remove(gone);
		} finally {
			ports.free(containerId);
			addresses.free(containerId);
		}
	};

	/** Names of the ports that belong to no endpoint. */
	const strays = (): string[] => {
		const wanted = new Set([...live.values()].map(({ endpoint }) => portNameOf(endpoint.endpointId)));
		return containerPorts(route, bridgeIndex())
			.map(({ name }) => name)
			.filter((name) => !wanted.has(name));
	};
	const strayPorts = createStrayPorts(strays, log);

	const adopt = (entry: LiveEndpoint): void => {
		const { endpoint, containerId } = entry;
		const address = parseIpv4(endpoint.ipv4);
		if (address === null || !addresses.claim(address, containerId)) {
			log.warn(
				`container ${containerId}: its address ${endpoint.ipv4} does not fit into ${formatSubnet(bridge.subnet)}`,
			);
		}
		for (const { hostIp, hostPort, protocol } of ports.adopt(containerId, entry.ports)) {
			log.warn(
				`container ${containerId}: its published port ${hostIp}:${hostPort}/${protocol} is in use by another process`,
			);
		}
		live.set(containerId, entry);
		forwards.set(containerId, forwardsOf(entry));
	};

	const close = (): void => {
		strayPorts.close();
		ports.close();
		firewall.close();
		route.close();
	};

	return {
		gateway: formatIpv4(bridge.gateway),
		close,
		async reconcile(running) {
			for (const entry of running) adopt(entry);
			const { index, made } = ensureBridge(route, bridge, options.formerly, log);
			if (made) options.onMade();
			for (const { endpoint, containerId } of live.values()) {
				const port = findLink(route, portNameOf(endpoint.endpointId));
				if (port === undefined) log.warn(`container ${containerId}: its network device is gone`);
				else if (port.master !== index) replug(port, index, endpoint.macAddress);
			}
			for (const name of strays()) removeLink(route, name);
			await firewall.install(allForwards());
		},
		validate(request) {
			if (request.ipv4 !== '') {
				throw new EngineError(
					'invalid_argument',
					'user specified IP address is supported on user defined networks only',
				);
			}
			if (request.ipv6 !== '') throw new EngineError('unsupported', 'IPv6 addresses are not supported yet');
			if (request.macAddress !== '') parseMac(request.macAddress);
		},
		async connect(namespace, connection) {
			const { containerId, endpointId } = connection;
			const address = addresses.lease(containerId);
			const ipv4 = formatIpv4(address);
			const mac = connection.request.macAddress === '' ? macOf(address) : parseMac(connection.request.macAddress);
			let reserved: readonly PublishedPort[] | null = null;
			try {
				// The ports first: they are what fails in practice, and a device that was made takes long to go.
				reserved = await publish(connection, ipv4);
				plug(namespace, connection, address, mac);
			} catch (error) {
				try {
					takeBack(containerId);
					if (reserved !== null) removeLink(route, portNameOf(endpointId));
				} catch (failure) {
					throw new AggregateError([error, failure], messageOf(error));
				}
				throw error;
			}
			const endpoint = {
				networkId: options.networkId,
				networkName: options.networkName,
				endpointId,
				ipv4,
				prefixLength: bridge.subnet.prefixLength,
				gateway: formatIpv4(bridge.gateway),
				macAddress: formatMac(mac),
				request: connection.request,
			};
			const entry = { containerId, endpoint, ports: reserved };
			live.set(containerId, entry);
			return entry;
		},
		disconnect(entry) {
			live.delete(entry.containerId);
			strayPorts.look();
			takeBack(entry.containerId);
		},
		async destroy() {
			await firewall.destroy();
			if (options.owned()) removeLink(route, bridge.name);
			close();
		},
	};
}
