import { EngineError } from '../../../errors.ts';
import type { NetlinkConnection } from '../../../kernel/netlink/connection.ts';
import { listLinks } from '../../../kernel/netlink/link.ts';
import { listAddresses, listRoutes } from '../../../kernel/netlink/route.ts';
import { formatIpv4, parseCidr, type Subnet, subnetOf } from '../ipv4.ts';
import type { BridgeRecord } from '../records.ts';
import { chooseSubnet, usedSubnets } from './choose-subnet.ts';
import { type BridgeSettings, findLink } from './device.ts';

/** The default bridge as the daemon is configured. null: the engine chooses. */
export interface BridgeConfig {
	/** The device. */
	readonly name: string;
	/** The gateway with its prefix length, or a subnet (whose first address is the gateway then). */
	readonly cidr: string | null;
	readonly mtu: number | null;
}

const ethernetMtu = 1500;

function parseGateway(cidr: string): { readonly gateway: number; readonly subnet: Subnet } {
	const { address, subnet } = parseCidr(cidr);
	if (subnet.prefixLength > 30 || subnet.prefixLength < 8) {
		throw new EngineError('invalid_argument', `invalid bridge network ${cidr}: the prefix length must be 8 to 30`);
	}
	return { gateway: address === subnet.base ? address + 1 : address, subnet };
}

/** Ethernet's, or that of the way out where it is smaller (an overlay network): larger packets would get lost. */
function defaultMtu(connection: NetlinkConnection): number {
	const out = listRoutes(connection).find((route) => route.prefixLength === 0 && route.link !== 0)?.link;
	const link = listLinks(connection).find(({ index }) => index === out);
	return link === undefined || link.mtu === 0 ? ethernetMtu : Math.min(ethernetMtu, link.mtu);
}

/** The address that a bridge of that name has already, such as one that an administrator made. */
function presentAddress(connection: NetlinkConnection, name: string): string | null {
	const index = findLink(connection, name)?.index;
	const found = listAddresses(connection).find(({ link }) => link === index);
	return found === undefined ? null : `${formatIpv4(found.address.readUInt32BE(0))}/${found.prefixLength}`;
}

/**
 * The bridge as it is to be: the configured address, else the remembered one, else the one that the device has,
 * else the first free pool. @throws `invalid_argument` for a bad name or address, `exhausted`
 */
export function resolveBridge(
	connection: NetlinkConnection,
	config: BridgeConfig,
	remembered: BridgeRecord | undefined,
): BridgeSettings {
	if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(config.name)) {
		throw new EngineError('invalid_argument', `invalid bridge name "${config.name}"`);
	}
	if (config.mtu !== null && !(Number.isInteger(config.mtu) && config.mtu >= 68 && config.mtu <= 65535)) {
		throw new EngineError('invalid_argument', `invalid MTU ${config.mtu}`);
	}
	const mtu = config.mtu ?? defaultMtu(connection);
	const given = config.cidr ?? remembered?.cidr ?? presentAddress(connection, config.name);
	if (given !== null) return { name: config.name, mtu, ...parseGateway(given) };
	const subnet = chooseSubnet(usedSubnets(connection));
	return { name: config.name, mtu, subnet: subnetOf(subnet.base, subnet.prefixLength), gateway: subnet.base + 1 };
}
