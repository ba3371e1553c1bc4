import { EngineError } from '../../../errors.ts';

/** One entry of an archive as it streams by. Read `body` before asking for the next, or it is skipped. */
export interface ArchiveEntry {
	/** As written: not cleaned, not trusted. */
	readonly name: string;
	readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
	readonly linkName: string;
	readonly size: number;
	readonly body: AsyncIterable<Uint8Array>;
}

const block = 512;
const maxExtension = 1 << 20;
const types: Readonly<Record<string, ArchiveEntry['type']>> = {
	'0': 'file',
	'\0': 'file',
	'7': 'file',
	'1': 'hardlink',
	'2': 'symlink',
	'5': 'directory',
};

/**
 * Reads a tar (ustar, GNU long names, PAX paths) as a stream.
 * @throws EngineError `corrupt` when it is no tar or breaks off.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncIterable<ArchiveEntry> {
	const source = createSource(stream);
	let extensions: { name?: string; linkName?: string; size?: number } = {};
	for (let count = 0; ; count++) {
		const header = await source.take(block, count === 0);
		if (header === null || header.every((byte) => byte === 0)) {
			if (header === null && count === 0) throw corrupt('it is empty');
			// What follows the end mark is padding; read on so that the sender is not cut off.
			await source.drain();
			return;
		}
		const fields = parseHeader(header);
		const size = extensions.size ?? fields.size;
		const flag = fields.flag;
		if (flag === 'L' || flag === 'K' || flag === 'x' || flag === 'g') {
			if (fields.size > maxExtension) throw corrupt('an extension header is too large');
			const body = (await source.take(padded(fields.size), false)) ?? new Uint8Array();
			const content = Buffer.from(body.subarray(0, fields.size));
			if (flag === 'L') extensions.name = untilNul(content);
			else if (flag === 'K') extensions.linkName = untilNul(content);
			else if (flag === 'x') extensions = { ...extensions, ...parsePax(content) };
			continue;
		}
		const type = types[flag] ?? 'other';
		const hasBody = type === 'file' || type === 'other';
		const body = source.body(hasBody ? size : 0);
		yield {
			name: extensions.name ?? fields.name,
			type: type === 'file' && fields.name.endsWith('/') ? 'directory' : type,
			linkName: extensions.linkName ?? fields.linkName,
			size: hasBody ? size : 0,
			body,
		};
		for await (const _rest of body) {
			// Skipped: nobody wanted it.
		}
		extensions = {};
	}
}

function parseHeader(header: Uint8Array) {
	const buffer = Buffer.from(header.buffer, header.byteOffset, block);
	const stated = number(buffer.subarray(148, 156));
	let sum = 8 * 32;
	for (let position = 0; position < block; position++) {
		if (position < 148 || position >= 156) sum += header[position] ?? 0;
	}
	if (sum !== stated) throw corrupt('a header has the wrong checksum');
	const prefix = buffer.toString('latin1', 257, 262) === 'ustar' ? untilNul(buffer.subarray(345, 500)) : '';
	const name = untilNul(buffer.subarray(0, 100));
	const isGnu = buffer.toString('latin1', 257, 265) === 'ustar  \0';
	return {
		name: prefix !== '' && !isGnu ? `${prefix}/${name}` : name,
		linkName: untilNul(buffer.subarray(157, 257)),
		size: number(buffer.subarray(124, 136)),
		flag: String.fromCharCode(buffer[156] ?? 0),
	};
}

function untilNul(bytes: Buffer): string {
	const end = bytes.indexOf(0);
	return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** An octal field, or GNU's binary form for large values. */
function number(field: Buffer): number {
	if (((field[0] ?? 0) & 0x80) !== 0) {
		let value = (field[0] ?? 0) & 0x7f;
		for (const byte of field.subarray(1)) value = value * 256 + byte;
		if (!Number.isSafeInteger(value)) throw corrupt('a number is too large');
		return value;
	}
	const text = field
		.toString('latin1')
		.replace(/[\0 ]+$/, '')
		.trimStart();
	if (!/^[0-7]*$/.test(text)) throw corrupt('a number is not octal');
	return text === '' ? 0 : Number.parseInt(text, 8);
}

function parsePax(content: Buffer): { name?: string; linkName?: string; size?: number } {
	const result: { name?: string; linkName?: string; size?: number } = {};
	for (let position = 0; position < content.length; ) {
		const space = content.indexOf(0x20, position);
		const length = Number(content.toString('latin1', position, Math.max(space, position)));
		if (space < 0 || !Number.isInteger(length) || length < 5 || position + length > content.length) {
			throw corrupt('a PAX header cannot be read');
		}
		const record = content.toString('utf8', space + 1, position + length - 1);
		const equals = record.indexOf('=');
		const value = record.slice(equals + 1);
		if (record.startsWith('path=')) result.name = value;
		else if (record.startsWith('linkpath=')) result.linkName = value;
		else if (record.startsWith('size=')) {
			if (!/^\d{1,15}$/.test(value)) throw corrupt('a PAX size is not a number');
			result.size = Number(value);
		}
		position += length;
	}
	return result;
}

function padded(size: number): number {
	return Math.ceil(size / block) * block;
}

/** Bytes of a stream, taken in pieces of a wanted length. */
function createSource(stream: AsyncIterable<Uint8Array>) {
	const iterator = stream[Symbol.asyncIterator]();
	let rest: Uint8Array = new Uint8Array();
	const more = async (): Promise<boolean> => {
		const next = await iterator.next();
		if (next.done === true) return false;
		rest = next.value;
		return true;
	};
	const take = async (length: number, mayEnd: boolean): Promise<Uint8Array | null> => {
		const parts: Uint8Array[] = [];
		let missing = length;
		while (missing > 0) {
			if (rest.length === 0 && !(await more())) {
				if (mayEnd && missing === length) return null;
				throw corrupt('it breaks off');
			}
			const piece = rest.subarray(0, missing);
			rest = rest.subarray(piece.length);
			missing -= piece.length;
			parts.push(piece);
		}
		return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
	};
	const body = (size: number): AsyncIterable<Uint8Array> => {
		let left = size;
		let padding = padded(size) - size;
		return {
			[Symbol.asyncIterator]: () => ({
				async next() {
					if (left === 0) {
						if (padding > 0) await take(padding, false);
						padding = 0;
						return { done: true, value: undefined };
					}
					while (rest.length === 0) if (!(await more())) throw corrupt('it breaks off');
					const value = rest.subarray(0, left);
					rest = rest.subarray(value.length);
					left -= value.length;
					return { done: false, value };
				},
			}),
		};
	};
	const drain = async () => {
		while (await more()) rest = new Uint8Array();
	};
	return { take, body, drain };
}

function corrupt(problem: string): EngineError {
	return new EngineError('corrupt', `invalid tar archive: ${problem}`);
}
