import type { NetlinkConnection } from './connection.ts';
import {
	attribute,
	decodeAttributes,
	decodeText,
	MessageFlag,
	type NetlinkRequest,
	nested,
	text,
	uint32,
} from './message.ts';

/** A network device. */
export interface Link {
	readonly index: number;
	readonly name: string;
	readonly up: boolean;
	readonly mtu: number;
	/** The bridge that it is a port of; 0: none. */
	readonly master: number;
	/** `bridge`, `veth` …; `''` for devices without a kind, such as a network card. */
	readonly kind: string;
}

/** What to change of a link, or to give a new one. Address: six bytes. `namespace`: a descriptor of a network namespace. */
export interface LinkChanges {
	readonly name?: string;
	readonly up?: boolean;
	readonly master?: number;
	readonly mtu?: number;
	readonly address?: Uint8Array;
	readonly namespace?: number;
}

const Type = { newLink: 16, deleteLink: 17, getLink: 18, setLink: 19, newNeighbour: 28 } as const;
const Attribute = { address: 1, name: 3, mtu: 4, master: 10, info: 18, namespaceFd: 28, extendedMask: 29 } as const;
const infoKind = 1;
const infoData = 2;
const slaveKind = 4;
const slaveData = 5;
const bridgePortMode = 4;
const vethPeer = 1;
const bridgeFamily = 7;
const neighbourIsStatic = 0x40;
const neighbourOfMaster = 0x04;
const neighbourLinkAddress = 2;
const upFlag = 1;

/** `struct ifinfomsg`; an `up` of undefined leaves the flags alone. */
function header(index: number, up: boolean | undefined): Buffer {
	const data = Buffer.alloc(16);
	data.writeInt32LE(index, 4);
	if (up !== undefined) {
		data.writeUInt32LE(up ? upFlag : 0, 8);
		data.writeUInt32LE(upFlag, 12);
	}
	return data;
}

function attributesOf(changes: LinkChanges): Buffer[] {
	const parts: Buffer[] = [];
	if (changes.name !== undefined) parts.push(text(Attribute.name, changes.name));
	if (changes.master !== undefined) parts.push(uint32(Attribute.master, changes.master));
	if (changes.mtu !== undefined) parts.push(uint32(Attribute.mtu, changes.mtu));
	if (changes.address !== undefined) parts.push(attribute(Attribute.address, changes.address));
	if (changes.namespace !== undefined) parts.push(uint32(Attribute.namespaceFd, changes.namespace));
	return parts;
}

function body(index: number, changes: LinkChanges, ...more: readonly Buffer[]): Buffer {
	return Buffer.concat([header(index, changes.up), ...attributesOf(changes), ...more]);
}

/** Makes a bridge. EEXIST when the name is taken. */
export function createBridge(changes: LinkChanges & { readonly name: string }): NetlinkRequest {
	return {
		type: Type.newLink,
		flags: MessageFlag.create | MessageFlag.exclusive,
		body: body(0, changes, nested(Attribute.info, text(infoKind, 'bridge'))),
		subject: `create bridge ${changes.name}`,
	};
}

/** Makes both ends of a veth pair, each where and as its changes say. EEXIST when a name is taken. */
export function createVeth(changes: LinkChanges & { readonly name: string }, peer: LinkChanges): NetlinkRequest {
	const data = nested(infoData, attribute(vethPeer, body(0, peer)));
	return {
		type: Type.newLink,
		flags: MessageFlag.create | MessageFlag.exclusive,
		body: body(0, changes, nested(Attribute.info, text(infoKind, 'veth'), data)),
		subject: `create veth ${changes.name}`,
	};
}

/** Changes the link with that index. */
export function changeLink(index: number, changes: LinkChanges): NetlinkRequest {
	return { type: Type.setLink, flags: 0, body: body(index, changes), subject: `change link ${index}` };
}

/**
 * Lets a bridge send packets back out of the port that they came in by. With br_netfilter a container that calls itself
 * by a port of the host is translated within the bridge, and needs this.
 */
export function setHairpin(name: string): NetlinkRequest {
	const data = nested(slaveData, attribute(bridgePortMode, Buffer.from([1])));
	return {
		type: Type.newLink,
		flags: 0,
		body: body(0, { name }, nested(Attribute.info, text(slaveKind, 'bridge'), data)),
		subject: `set hairpin mode of ${name}`,
	};
}

/**
 * Tells a bridge that the hardware address lives behind that port, wherever it was seen before, until the port goes.
 * EOPNOTSUPP when the link is not a port of a bridge.
 */
export function pinAddress(port: number, address: Uint8Array): NetlinkRequest {
	const entry = Buffer.alloc(12);
	entry.writeUInt8(bridgeFamily, 0);
	entry.writeInt32LE(port, 4);
	entry.writeUInt16LE(neighbourIsStatic, 8);
	entry.writeUInt8(neighbourOfMaster, 10);
	return {
		type: Type.newNeighbour,
		flags: MessageFlag.create | MessageFlag.replace,
		body: Buffer.concat([entry, attribute(neighbourLinkAddress, address)]),
		subject: `pin an address to port ${port}`,
	};
}

/** Deletes the link of that name. ENODEV when there is none. */
export function deleteLink(name: string): NetlinkRequest {
	return { type: Type.deleteLink, flags: 0, body: body(0, { name }), subject: `delete link ${name}` };
}

function decodeLink(data: Buffer): Link {
	const attributes = decodeAttributes(data, 16);
	const info = attributes.get(Attribute.info);
	return {
		index: data.readInt32LE(4),
		name: decodeText(attributes.get(Attribute.name)),
		up: (data.readUInt32LE(8) & upFlag) !== 0,
		mtu: attributes.get(Attribute.mtu)?.readUInt32LE(0) ?? 0,
		master: attributes.get(Attribute.master)?.readUInt32LE(0) ?? 0,
		kind: info === undefined ? '' : decodeText(decodeAttributes(info, 0).get(infoKind)),
	};
}

/** The statistics are most of an answer and nobody here reads them. */
const skipStatistics = uint32(Attribute.extendedMask, 1 << 3);

/** All links of the connection's namespace. @throws SyscallError */
export function listLinks(connection: NetlinkConnection): readonly Link[] {
	const request = {
		type: Type.getLink,
		flags: MessageFlag.dump,
		body: Buffer.concat([header(0, undefined), skipStatistics]),
		subject: 'list links',
	};
	return connection
		.query(request)
		.filter((message) => message.type === Type.newLink)
		.map((message) => decodeLink(message.body));
}

/** The link of that name. @throws SyscallError, ENODEV when there is none. */
export function getLink(connection: NetlinkConnection, name: string): Link | undefined {
	const request = {
		type: Type.getLink,
		flags: 0,
		body: Buffer.concat([body(0, { name }), skipStatistics]),
		subject: `get link ${name}`,
	};
	const message = connection.query(request).find((found) => found.type === Type.newLink);
	return message === undefined ? undefined : decodeLink(message.body);
}
