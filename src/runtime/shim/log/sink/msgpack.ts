/** Values that MessagePack writes here. `EventTime` is Fluentd's extension for times with nanoseconds. */
export type Packable = string | number | readonly Packable[] | { readonly [key: string]: Packable } | EventTime;

/** A time of a Fluentd event. */
export class EventTime {
	constructor(readonly nano: bigint) {}
}

/** MessagePack of a value. Numbers are whole and not negative. */
export function pack(value: Packable): Buffer {
	const parts: Buffer[] = [];
	add(parts, value);
	return Buffer.concat(parts);
}

function add(parts: Buffer[], value: Packable): void {
	if (typeof value === 'string') {
		const text = Buffer.from(value);
		parts.push(head(text.length, 0xa0, 32, [0xd9, 0xda, 0xdb]), text);
	} else if (typeof value === 'number') {
		parts.push(number(value));
	} else if (value instanceof EventTime) {
		const time = Buffer.alloc(10);
		time[0] = 0xd7;
		time.writeUInt32BE(Number(value.nano / 1_000_000_000n), 2);
		time.writeUInt32BE(Number(value.nano % 1_000_000_000n), 6);
		parts.push(time);
	} else if (Array.isArray(value)) {
		parts.push(head(value.length, 0x90, 16, [0, 0xdc, 0xdd]));
		for (const item of value) add(parts, item);
	} else {
		const entries = Object.entries(value as { readonly [key: string]: Packable });
		parts.push(head(entries.length, 0x80, 16, [0, 0xde, 0xdf]));
		for (const [key, item] of entries) {
			add(parts, key);
			add(parts, item);
		}
	}
}

/** The beginning of a string, list or map: short lengths are in its first byte. `codes`: for 8, 16 and 32 bits; 0: none. */
function head(length: number, short: number, shortest: number, [one, two, four]: [number, number, number]): Buffer {
	if (length < shortest) return Buffer.from([short | length]);
	if (one !== 0 && length < 256) return Buffer.from([one, length]);
	const bytes = Buffer.alloc(length < 65_536 ? 3 : 5);
	bytes[0] = length < 65_536 ? two : four;
	if (bytes.length === 3) bytes.writeUInt16BE(length, 1);
	else bytes.writeUInt32BE(length, 1);
	return bytes;
}

function number(value: number): Buffer {
	if (value < 128) return Buffer.from([value]);
	const bytes = Buffer.alloc(value < 2 ** 32 ? 5 : 9);
	bytes[0] = value < 2 ** 32 ? 0xce : 0xcf;
	if (bytes.length === 5) bytes.writeUInt32BE(value, 1);
	else bytes.writeBigUInt64BE(BigInt(value), 1);
	return bytes;
}

/** Longest acknowledgement that is waited for. */
const longest = 4096;

/** Finds the `{"ack": id}` of a Fluentd server in what it says, over any cuts of the stream. Anything else is passed over. */
export function acknowledgementReader(): (chunk: Uint8Array) => readonly string[] {
	// A map of one, the key "ack".
	const lead = Buffer.from([0x81, 0xa3, 0x61, 0x63, 0x6b]);
	let rest: Buffer = Buffer.alloc(0);
	return (chunk) => {
		const bytes = Buffer.concat([rest, chunk]);
		const found: string[] = [];
		let at = 0;
		for (;;) {
			const start = bytes.indexOf(lead, at);
			if (start < 0) {
				rest = bytes.subarray(Math.max(at, bytes.length - lead.length + 1));
				return found;
			}
			const text = stringAt(bytes, start + lead.length);
			if (text === null) {
				rest = bytes.length - start > longest ? Buffer.alloc(0) : bytes.subarray(start);
				return found;
			}
			found.push(text.value);
			at = text.end;
		}
	};
}

/** The string at `at`; null when it is not there in full. */
function stringAt(bytes: Buffer, at: number): { readonly value: string; readonly end: number } | null {
	const code = bytes[at];
	if (code === undefined) return null;
	let start = at + 1;
	let length = code & 0x1f;
	if (code === 0xd9) length = bytes[start++] ?? longest;
	else if (code === 0xda) {
		if (start + 2 > bytes.length) return null;
		length = bytes.readUInt16BE(start);
		start += 2;
	} else if ((code & 0xe0) !== 0xa0) return { value: '', end: at + 1 };
	const end = start + length;
	return end > bytes.length ? null : { value: bytes.toString('utf8', start, end), end };
}
