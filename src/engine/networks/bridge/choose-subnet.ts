import { EngineError } from '../../../errors.ts';
import type { NetlinkConnection } from '../../../kernel/netlink/connection.ts';
import { listAddresses, listRoutes } from '../../../kernel/netlink/route.ts';
import { overlaps, type Subnet, subnetOf } from '../ipv4.ts';

/** The pools that Docker draws from: 172.17.0.0/16 … 172.31.0.0/16, then 192.168.0.0/16 in parts. */
export function* candidateSubnets(): Iterable<Subnet> {
	for (let second = 17; second <= 31; second++) yield subnetOf(((172 << 24) | (second << 16)) >>> 0, 16);
	for (let third = 0; third < 256; third += 16) yield subnetOf(((192 << 24) | (168 << 16) | (third << 8)) >>> 0, 20);
}

/** The first candidate that meets none of the subnets in use. @throws `exhausted` */
export function chooseSubnet(used: readonly Subnet[]): Subnet {
	for (const candidate of candidateSubnets()) {
		if (!used.some((taken) => overlaps(taken, candidate))) return candidate;
	}
	throw new EngineError('exhausted', 'no free subnet for the bridge network: give one with "bip"');
}

/** The subnets that this namespace has addresses in or routes to; default routes don't count. @throws SyscallError */
export function usedSubnets(connection: NetlinkConnection): readonly Subnet[] {
	const addresses = listAddresses(connection).map((of) => subnetOf(of.address.readUInt32BE(0), of.prefixLength));
	const routes = listRoutes(connection)
		// 0/1 and 128/1 are a VPN's way to spell the default route.
		.filter((route) => route.prefixLength > 1)
		.map((route) => subnetOf(route.destination.readUInt32BE(0), route.prefixLength));
	return [...addresses, ...routes];
}
