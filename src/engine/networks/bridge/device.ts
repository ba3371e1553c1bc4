import { createHash } from 'node:crypto';
import { Errno, SyscallError } from '../../../kernel/libc.ts';
import type { NetlinkConnection } from '../../../kernel/netlink/connection.ts';
import { changeLink, createBridge, deleteLink, getLink, type Link, listLinks } from '../../../kernel/netlink/link.ts';
import { addAddress, deleteAddress, listAddresses } from '../../../kernel/netlink/route.ts';
import { broadcastOf, ipv4Bytes, type Subnet } from '../ipv4.ts';
import { type Log, setSysctl } from '../sysctl.ts';

/** How the bridge device is to be. */
export interface BridgeSettings {
	readonly name: string;
	readonly subnet: Subnet;
	readonly gateway: number;
	readonly mtu: number;
}

/** The link of that name, or undefined. @throws SyscallError */
export function findLink(connection: NetlinkConnection, name: string): Link | undefined {
	try {
		return getLink(connection, name);
	} catch (error) {
		if (error instanceof SyscallError && error.errno === Errno.ENODEV) return undefined;
		throw error;
	}
}

/** Deletes the link; nothing there is fine. Waits for the kernel's grace periods, tens of milliseconds. @throws SyscallError */
export function removeLink(connection: NetlinkConnection, name: string): void {
	try {
		connection.request(deleteLink(name));
	} catch (error) {
		if (!(error instanceof SyscallError && error.errno === Errno.ENODEV)) throw error;
	}
}

/** A fixed address: a bridge without one takes that of some port, and changes it under the containers' feet. */
function hardwareAddress(name: string, gateway: number): Buffer {
	const seed = createHash('sha256').update(`${name} ${gateway}`).digest();
	return Buffer.concat([Buffer.from([0x02, 0x42]), seed.subarray(0, 4)]);
}

/**
 * Makes the bridge what it must be: there, up, with its address; sets the host's forwarding. Its other addresses are left alone,
 * except `formerly`, the one that an earlier configuration gave it. Returns its index, and whether it had to be made. @throws SyscallError
 */
export function ensureBridge(
	connection: NetlinkConnection,
	settings: BridgeSettings,
	formerly: { readonly address: number; readonly prefixLength: number } | null,
	log: Log,
): { readonly index: number; readonly made: boolean } {
	const { name, subnet, gateway, mtu } = settings;
	const there = findLink(connection, name);
	if (there === undefined) connection.request(createBridge({ name, mtu, address: hardwareAddress(name, gateway) }));
	const link = there ?? getLink(connection, name);
	if (link === undefined) throw new SyscallError('netlink', Errno.ENODEV, name);
	if (link.kind !== 'bridge') throw new SyscallError('netlink', Errno.EINVAL, `${name} is there and is not a bridge`);
	const own = listAddresses(connection).filter((of) => of.link === link.index);
	for (const address of own) {
		const stale =
			address.address.readUInt32BE(0) === formerly?.address && address.prefixLength === formerly.prefixLength;
		if (stale) connection.request(deleteAddress(address));
	}
	const wanted = { link: link.index, address: ipv4Bytes(gateway), prefixLength: subnet.prefixLength };
	if (!own.some((of) => of.address.equals(wanted.address) && of.prefixLength === wanted.prefixLength)) {
		connection.request(addAddress(wanted, ipv4Bytes(broadcastOf(subnet))));
	}
	if (!link.up) connection.request(changeLink(link.index, { up: true }));
	setSysctl(`ipv4/conf/${name}/route_localnet`, '1', log);
	setSysctl('ipv4/ip_forward', '1', log);
	return { index: link.index, made: there === undefined };
}

const portName = /^veth[0-9a-f]{7}$/;

/** The container ports of the bridge (and those that lost it), by the names that this driver gives. @throws SyscallError */
export function containerPorts(connection: NetlinkConnection, bridgeIndex: number): readonly Link[] {
	return listLinks(connection).filter(
		(link) => link.kind === 'veth' && link.master === bridgeIndex && portName.test(link.name),
	);
}

/** The host's end of an endpoint's veth pair. */
export function portNameOf(endpointId: string): string {
	return `veth${endpointId.slice(0, 7)}`;
}
