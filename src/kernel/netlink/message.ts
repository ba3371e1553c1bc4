import { EngineError } from '../../errors.ts';

/** One request to the kernel: `body` is the family's header and the attributes. `subject` names it in errors. */
export interface NetlinkRequest {
	readonly type: number;
	readonly flags: number;
	readonly body: Buffer;
	readonly subject: string;
}

/** One message from the kernel. */
export interface NetlinkMessage {
	readonly type: number;
	readonly flags: number;
	readonly sequence: number;
	readonly body: Buffer;
}

/** Flags of a message header. Source: linux/netlink.h. */
export const MessageFlag = {
	request: 0x1,
	ack: 0x4,
	exclusive: 0x200,
	create: 0x400,
	replace: 0x100,
	dump: 0x300,
} as const;

/** Message types that every family shares. */
export const ControlType = { error: 2, done: 3 } as const;

const headerLength = 16;
const nestedFlag = 0x8000;
const typeMask = 0x3fff;

const align = (length: number): number => (length + 3) & ~3;

/** An attribute with a raw value, padded to four bytes. */
export function attribute(type: number, value: Uint8Array): Buffer {
	const data = Buffer.alloc(align(4 + value.length));
	data.writeUInt16LE(4 + value.length, 0);
	data.writeUInt16LE(type, 2);
	data.set(value, 4);
	return data;
}

/** An attribute that holds attributes. */
export function nested(type: number, ...inner: readonly Buffer[]): Buffer {
	return attribute(type | nestedFlag, Buffer.concat(inner));
}

/** A NUL-terminated string attribute. */
export function text(type: number, value: string): Buffer {
	return attribute(type, Buffer.from(`${value}\0`));
}

/** A 32-bit attribute in host order. */
export function uint32(type: number, value: number): Buffer {
	const data = Buffer.alloc(4);
	data.writeUInt32LE(value);
	return attribute(type, data);
}

/** The bytes of a request with its header. */
export function encodeMessage(request: NetlinkRequest, sequence: number): Buffer {
	const data = Buffer.alloc(align(headerLength + request.body.length));
	data.writeUInt32LE(headerLength + request.body.length, 0);
	data.writeUInt16LE(request.type, 4);
	data.writeUInt16LE(request.flags, 6);
	data.writeUInt32LE(sequence, 8);
	data.set(request.body, headerLength);
	return data;
}

/** Splits one datagram into messages; the bodies are views of `data`. @throws `corrupt` */
export function decodeMessages(data: Buffer): NetlinkMessage[] {
	const messages: NetlinkMessage[] = [];
	for (let at = 0; at + headerLength <= data.length; ) {
		const length = data.readUInt32LE(at);
		if (length < headerLength || at + length > data.length) {
			throw new EngineError('corrupt', `netlink: a message of ${length} bytes in ${data.length - at}`);
		}
		messages.push({
			type: data.readUInt16LE(at + 4),
			flags: data.readUInt16LE(at + 6),
			sequence: data.readUInt32LE(at + 8),
			body: data.subarray(at + headerLength, at + length),
		});
		at += align(length);
	}
	return messages;
}

/** The attributes that start at `offset`, by type; of repeated types the last. */
export function decodeAttributes(data: Buffer, offset: number): ReadonlyMap<number, Buffer> {
	const found = new Map<number, Buffer>();
	for (let at = offset; at + 4 <= data.length; ) {
		const length = data.readUInt16LE(at);
		if (length < 4 || at + length > data.length) break;
		found.set(data.readUInt16LE(at + 2) & typeMask, data.subarray(at + 4, at + length));
		at += align(length);
	}
	return found;
}

/** A string attribute's value, without its NUL. */
export function decodeText(value: Buffer | undefined): string {
	return value === undefined ? '' : value.toString('utf8').replace(/\0+$/, '');
}
