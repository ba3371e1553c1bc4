const encoder = new TextEncoder();
const hex = encoder.encode('0123456789abcdef');

/** 0: copied as it is; 1: a backslash and itself or a letter; 2: `\u00xx`; 3: part of a longer UTF-8 sequence. */
const kinds = new Uint8Array(256);
kinds.fill(2, 0, 0x20);
kinds.fill(3, 0x80);
for (const char of '"\\\n\r') kinds[char.charCodeAt(0)] = 1;
// As Go's encoding/json does, so that a log can be put into HTML.
for (const char of '<>&') kinds[char.charCodeAt(0)] = 2;

/** Most bytes that one input byte can become. */
export const maxExpansion = 6;

/**
 * Writes bytes as the inside of a JSON string, the way Docker's json-file does; bytes that are no UTF-8 become U+FFFD.
 * `out` must have room for `maxExpansion` times the input. Returns the new end of `out`.
 */
export function encodeJsonText(out: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
	let to = at;
	for (let from = start; from < end; from++) {
		const byte = source[from] as number;
		const kind = kinds[byte];
		if (kind === 0) {
			out[to++] = byte;
		} else if (kind === 3) {
			const length = sequenceLength(source, from, end);
			if (length <= 0) {
				// Byte by byte: binary output is all of these, and a call for six bytes costs more than the six.
				out[to++] = 0x5c;
				out[to++] = 0x75;
				out[to++] = 0x66;
				out[to++] = 0x66;
				out[to++] = 0x66;
				out[to++] = 0x64;
			} else {
				to = copySequence(out, to, source, from, length);
				from += length - 1;
			}
		} else {
			to = escapeByte(out, to, byte, kind === 1);
		}
	}
	return to;
}

function escapeByte(out: Uint8Array, at: number, byte: number, short: boolean): number {
	let to = at;
	out[to++] = 0x5c;
	if (short) {
		out[to++] = byte === 0x0a ? 0x6e : byte === 0x0d ? 0x72 : byte;
		return to;
	}
	out[to++] = 0x75;
	out[to++] = 0x30;
	out[to++] = 0x30;
	out[to++] = hex[byte >> 4] as number;
	out[to++] = hex[byte & 15] as number;
	return to;
}

function copySequence(out: Uint8Array, at: number, source: Uint8Array, from: number, length: number): number {
	const third = source[from + 2] as number;
	if (length === 3 && source[from] === 0xe2 && source[from + 1] === 0x80 && (third === 0xa8 || third === 0xa9)) {
		out.set(encoder.encode(third === 0xa8 ? '\\u2028' : '\\u2029'), at);
		return at + 6;
	}
	for (let index = 0; index < length; index++) out[at + index] = source[from + index] as number;
	return at + length;
}

/**
 * The length of the UTF-8 sequence at `from`: 0 when it is invalid, negative when it is a good beginning that the end cuts off.
 */
export function sequenceLength(source: Uint8Array, from: number, end: number): number {
	const lead = source[from] as number;
	if (lead < 0x80) return 1;
	const length =
		lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
	for (let index = 1; index < length; index++) {
		if (from + index >= end) return -index;
		const byte = source[from + index] as number;
		if (byte < 0x80 || byte > 0xbf) return 0;
		if (index === 1 && !secondFits(lead, byte)) return 0;
	}
	return length;
}

/** No overlong forms, no surrogates, nothing above U+10FFFF. */
function secondFits(lead: number, byte: number): boolean {
	if (lead === 0xe0) return byte >= 0xa0;
	if (lead === 0xed) return byte <= 0x9f;
	if (lead === 0xf0) return byte >= 0x90;
	if (lead === 0xf4) return byte <= 0x8f;
	return true;
}

/** Where to cut `source` at or before `end` so that no UTF-8 sequence is split. */
export function wholeSequences(source: Uint8Array, start: number, end: number): number {
	for (let at = end - 1; at >= start && at >= end - 3; at--) {
		const byte = source[at] as number;
		if (byte < 0x80) return end;
		if (byte >= 0xc0) return sequenceLength(source, at, end) < 0 ? at : end;
	}
	return end;
}
