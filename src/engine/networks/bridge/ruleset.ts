import type { MapElement } from '../../../kernel/nftables/map-elements.ts';
import type { PublishedPort } from '../../containers/model.ts';
import { ipv4Bytes, parseIpv4 } from '../ipv4.ts';

/** A published port with the container's address behind it. */
export interface PortForward {
	readonly port: PublishedPort;
	readonly containerIp: string;
}

/** The names of the two maps: ports on one address of the host, and on all. */
export const PortMap = { address: 'address_ports', wildcard: 'wildcard_ports' } as const;

const protocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const;

/** Each daemon has one table, named after its bridge. */
export function tableName(bridge: string): string {
	return `gantry-${bridge}`;
}

function mapOf(port: PublishedPort): string {
	return port.hostIp === '0.0.0.0' ? PortMap.wildcard : PortMap.address;
}

/** A port number in a concatenation: network order, padded to four bytes. */
function portBytes(port: number): Buffer {
	return Buffer.from([port >> 8, port & 255, 0, 0]);
}

function addressBytes(text: string): Buffer {
	return ipv4Bytes(parseIpv4(text) ?? 0);
}

/** A forward as an element of its map. */
export function elementOf({ port, containerIp }: PortForward): MapElement {
	const place = [Buffer.from([protocolNumber[port.protocol], 0, 0, 0]), portBytes(port.hostPort)];
	const map = mapOf(port);
	return {
		map,
		key: Buffer.concat(map === PortMap.address ? [addressBytes(port.hostIp), ...place] : place),
		data: Buffer.concat([addressBytes(containerIp), portBytes(port.containerPort)]),
	};
}

/** The same element in nft's language. */
function elementText({ port, containerIp }: PortForward): string {
	const place = `${port.protocol} . ${port.hostPort} : ${containerIp} . ${port.containerPort}`;
	return mapOf(port) === PortMap.address ? `${port.hostIp} . ${place}` : place;
}

function mapText(name: string, key: string, forwards: readonly PortForward[]): string {
	const elements = forwards.filter(({ port }) => mapOf(port) === name).map(elementText);
	const list = elements.length === 0 ? '' : `\n\t\telements = { ${elements.join(', ')} }`;
	return `\tmap ${name} {\n\t\ttype ${key} : ipv4_addr . inet_service${list}\n\t}\n`;
}

/** The nft commands that remove the table, present or not. */
export function renderRemoval(bridge: string): string {
	return `add table ip ${tableName(bridge)}\ndelete table ip ${tableName(bridge)}\n`;
}

/**
 * The nft commands that put the whole table in place, in one transaction with whatever was there before.
 * - `guard`: route_localnet lets the host reach containers from 127.0.0.1; containers must not reach the host's 127.0.0.1 by it.
 * - `prerouting`: a neighbour that sends to 127.0.0.1 must not reach a port published there only.
 * - `postrouting`: containers leave under the host's address; so does a connection that comes back into the bridge
 *   by a published port, since the answer must pass the host to be translated back.
 * - `forward`: into the bridge goes only what containers asked for, what they send each other, and published ports.
 */
export function renderRuleset(bridge: string, subnet: string, forwards: readonly PortForward[]): string {
	return `${renderRemoval(bridge)}table ip ${tableName(bridge)} {
${mapText(PortMap.address, 'ipv4_addr . inet_proto . inet_service', forwards)}
${mapText(PortMap.wildcard, 'inet_proto . inet_service', forwards)}
	chain guard {
		type filter hook prerouting priority raw; policy accept;
		iifname "${bridge}" ip daddr 127.0.0.0/8 drop
	}
	chain publish {
		dnat ip to ip daddr . meta l4proto . th dport map @${PortMap.address}
		fib daddr type local dnat ip to meta l4proto . th dport map @${PortMap.wildcard}
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 127.0.0.0/8 return
		jump publish
	}
	chain output {
		type nat hook output priority -100; policy accept;
		jump publish
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr ${subnet} oifname != "${bridge}" masquerade
		oifname "${bridge}" ct status dnat ip saddr { 127.0.0.0/8, ${subnet} } masquerade
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		oifname != "${bridge}" return
		ct state established,related accept
		iifname "${bridge}" accept
		ct status dnat accept
		drop
	}
}
`;
}
