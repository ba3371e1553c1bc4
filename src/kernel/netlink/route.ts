import type { NetlinkConnection } from './connection.ts';
import { attribute, decodeAttributes, MessageFlag, type NetlinkRequest, uint32 } from './message.ts';

/** An IPv4 address of a link. `address`: four bytes in network order. */
export interface LinkAddress {
	readonly link: number;
	readonly address: Buffer;
	readonly prefixLength: number;
}

/** An IPv4 route of any table. A default route has the prefix length 0. */
export interface Route {
	readonly destination: Buffer;
	readonly prefixLength: number;
	/** Index of the device; 0 where the route names none. */
	readonly link: number;
	/** `RTN_*`: 1 unicast, 2 local, 3 broadcast. */
	readonly type: number;
}

const inet = 2;
const Type = { newAddress: 20, deleteAddress: 21, getAddress: 22, newRoute: 24, getRoute: 26 } as const;
const AddressAttribute = { address: 1, local: 2, broadcast: 4 } as const;
const RouteAttribute = { destination: 1, outputLink: 4, gateway: 5 } as const;
const mainTable = 254;
const bootProtocol = 3;
const unicast = 1;

/** `struct ifaddrmsg` and the attributes of one address. */
function addressBody(of: LinkAddress, broadcast: Uint8Array | null): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt8(inet, 0);
	header.writeUInt8(of.prefixLength, 1);
	header.writeUInt32LE(of.link, 4);
	const parts = [
		header,
		attribute(AddressAttribute.local, of.address),
		attribute(AddressAttribute.address, of.address),
	];
	if (broadcast !== null) parts.push(attribute(AddressAttribute.broadcast, broadcast));
	return Buffer.concat(parts);
}

/** Gives a link an address. EEXIST when it has it. */
export function addAddress(of: LinkAddress, broadcast: Uint8Array): NetlinkRequest {
	const flags = MessageFlag.create | MessageFlag.exclusive;
	return { type: Type.newAddress, flags, body: addressBody(of, broadcast), subject: 'add address' };
}

/** Takes an address from a link. EADDRNOTAVAIL when it does not have it. */
export function deleteAddress(of: LinkAddress): NetlinkRequest {
	return { type: Type.deleteAddress, flags: 0, body: addressBody(of, null), subject: 'delete address' };
}

/** Adds the default route over `gateway` (four bytes), out of the link. */
export function addDefaultRoute(gateway: Uint8Array, link: number): NetlinkRequest {
	const header = Buffer.alloc(12);
	header.writeUInt8(inet, 0);
	header.writeUInt8(mainTable, 4);
	header.writeUInt8(bootProtocol, 5);
	header.writeUInt8(unicast, 7);
	return {
		type: Type.newRoute,
		flags: MessageFlag.create | MessageFlag.exclusive,
		body: Buffer.concat([header, attribute(RouteAttribute.gateway, gateway), uint32(RouteAttribute.outputLink, link)]),
		subject: 'add default route',
	};
}

/** All IPv4 addresses of the connection's namespace. @throws SyscallError */
export function listAddresses(connection: NetlinkConnection): readonly LinkAddress[] {
	const body = Buffer.alloc(8);
	body.writeUInt8(inet, 0);
	const found: LinkAddress[] = [];
	const request = { type: Type.getAddress, flags: MessageFlag.dump, body, subject: 'list addresses' };
	for (const message of connection.query(request)) {
		if (message.type !== Type.newAddress) continue;
		const attributes = decodeAttributes(message.body, 8);
		const address = attributes.get(AddressAttribute.local) ?? attributes.get(AddressAttribute.address);
		if (address === undefined) continue;
		found.push({ link: message.body.readUInt32LE(4), address, prefixLength: message.body.readUInt8(1) });
	}
	return found;
}

/** All IPv4 routes of the connection's namespace. @throws SyscallError */
export function listRoutes(connection: NetlinkConnection): readonly Route[] {
	const body = Buffer.alloc(12);
	body.writeUInt8(inet, 0);
	const request = { type: Type.getRoute, flags: MessageFlag.dump, body, subject: 'list routes' };
	return connection
		.query(request)
		.filter((message) => message.type === Type.newRoute)
		.map((message) => {
			const attributes = decodeAttributes(message.body, 12);
			return {
				destination: attributes.get(RouteAttribute.destination) ?? Buffer.alloc(4),
				prefixLength: message.body.readUInt8(1),
				link: attributes.get(RouteAttribute.outputLink)?.readUInt32LE(0) ?? 0,
				type: message.body.readUInt8(7),
			};
		});
}
