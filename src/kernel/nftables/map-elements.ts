import { type NetlinkConnection, NetlinkFamily, openNetlink } from '../netlink/connection.ts';
import { attribute, MessageFlag, type NetlinkRequest, nested, text } from '../netlink/message.ts';

/** One element of a map: key and data as nftables lays them out, each part padded to four bytes. */
export interface MapElement {
	readonly map: string;
	readonly key: Uint8Array;
	readonly data: Uint8Array;
}

const subsystem = 10;
const Message = { batchBegin: 0x10, batchEnd: 0x11, newElement: 12, deleteElement: 14 } as const;
const ListAttribute = { table: 1, set: 2, elements: 3 } as const;
const listElement = 1;
const ElementAttribute = { key: 1, data: 2 } as const;
const dataValue = 1;
const familyIpv4 = 2;

/** `struct nfgenmsg`; the resource id is in network order. */
function header(family: number, resource: number): Buffer {
	const data = Buffer.alloc(4);
	data.writeUInt8(family, 0);
	data.writeUInt16BE(resource, 2);
	return data;
}

const begin: NetlinkRequest = {
	type: Message.batchBegin,
	flags: 0,
	body: header(0, subsystem),
	subject: 'begin an nftables transaction',
};
const end: NetlinkRequest = { ...begin, type: Message.batchEnd };

/** The request that adds or deletes one element of a map in an `ip` table. */
export function encodeElement(verb: 'add' | 'delete', table: string, element: MapElement): NetlinkRequest {
	const key = nested(ElementAttribute.key, attribute(dataValue, element.key));
	const parts = verb === 'add' ? [key, nested(ElementAttribute.data, attribute(dataValue, element.data))] : [key];
	return {
		type: (subsystem << 8) | (verb === 'add' ? Message.newElement : Message.deleteElement),
		flags: verb === 'add' ? MessageFlag.create : 0,
		body: Buffer.concat([
			header(familyIpv4, 0),
			text(ListAttribute.table, table),
			text(ListAttribute.set, element.map),
			nested(ListAttribute.elements, nested(listElement, ...parts)),
		]),
		subject: `${verb} an element of ${table} ${element.map}`,
	};
}

/**
 * Adds or deletes elements in one transaction: all or nothing. The connection speaks {@link NetlinkFamily.netfilter}.
 * @throws SyscallError, ENOENT for a table, map or (deleting) element that is not there; EEXIST or EBUSY for a key with other data.
 */
export function changeMapElements(
	connection: NetlinkConnection,
	verb: 'add' | 'delete',
	table: string,
	elements: readonly MapElement[],
): void {
	if (elements.length === 0) return;
	connection.transaction(
		begin,
		elements.map((element) => encodeElement(verb, table, element)),
		end,
	);
}

/** A connection for {@link changeMapElements} to the namespace of this thread. @throws SyscallError */
export function openNftables(): NetlinkConnection {
	return openNetlink(NetlinkFamily.netfilter);
}
