import { EngineError } from '../../errors.ts';
import type { NameEncoding } from './header.ts';
import { writePaxRecord } from './pax.ts';
import type { TarEntryType, TarHeader } from './types.ts';

const flags: Readonly<Record<TarEntryType, string>> = {
	file: '0',
	hardlink: '1',
	symlink: '2',
	'character-device': '3',
	'block-device': '4',
	directory: '5',
	fifo: '6',
};

const billion = 1_000_000_000n;

/** An entry to write: the name and type, the rest with plain defaults (mode 0644 or 0755, root, the epoch). */
export type TarHeaderInput = Partial<TarHeader> & Pick<TarHeader, 'name' | 'type'>;

/** The two zero blocks that end a tar. */
export const tarEnd: Uint8Array = new Uint8Array(1024);

/** Zero bytes that fill a body of `size` bytes up to the next block. */
export function tarPadding(size: number): Uint8Array {
	return new Uint8Array((512 - (size % 512)) % 512);
}

/**
 * The header blocks of an entry: ustar, with a PAX header before it where a value does not fit. The body and its padding
 * follow. `names`: how the strings stand for bytes.
 */
export function writeTarHeader(input: TarHeaderInput, names: NameEncoding = 'utf8'): Uint8Array {
	const encode = (text: string): Buffer => Buffer.from(text, names === 'utf8' ? 'utf8' : 'latin1');
	const entry: TarHeader = {
		linkName: '',
		size: 0,
		mode: input.type === 'directory' ? 0o755 : 0o644,
		uid: 0,
		gid: 0,
		mtime: 0n,
		deviceMajor: 0,
		deviceMinor: 0,
		xattrs: new Map(),
		...input,
	};
	const records = paxOf(entry, encode);
	const main = block(entry, flags[entry.type], encode);
	if (records.length === 0) return main;
	const body = Buffer.concat(records);
	const extension = block(
		{ ...entry, name: 'PaxHeader', linkName: '', size: body.length, mode: 0o644, mtime: 0n },
		'x',
		encode,
	);
	return Buffer.concat([extension, body, tarPadding(body.length), main]);
}

type Encode = (text: string) => Buffer;

const isLong = (text: string): boolean => text.length > 100 || !/^[\x20-\x7e]*$/.test(text);

function paxOf(entry: TarHeader, encode: Encode): Buffer[] {
	const records: Buffer[] = [];
	const add = (key: string, value: string): unknown => records.push(writePaxRecord(key, encode(value)));
	if (isLong(entry.name)) add('path', entry.name);
	if (isLong(entry.linkName)) add('linkpath', entry.linkName);
	if (entry.size >= 8 ** 11) add('size', String(entry.size));
	if (entry.uid >= 8 ** 7) add('uid', String(entry.uid));
	if (entry.gid >= 8 ** 7) add('gid', String(entry.gid));
	const seconds = entry.mtime / billion;
	if (entry.mtime < 0n || seconds >= 8n ** 11n || entry.mtime % billion !== 0n) add('mtime', paxTime(entry.mtime));
	for (const [name, value] of entry.xattrs) records.push(writePaxRecord(`SCHILY.xattr.${name}`, value));
	return records;
}

function paxTime(time: bigint): string {
	const size = time < 0n ? -time : time;
	const fraction = String(size % billion)
		.padStart(9, '0')
		.replace(/0+$/, '');
	return `${time < 0n ? '-' : ''}${size / billion}${fraction === '' ? '' : `.${fraction}`}`;
}

function block(entry: TarHeader, flag: string, encode: Encode): Buffer {
	if (entry.name.includes('\0') || entry.linkName.includes('\0')) {
		throw new EngineError('invalid_argument', 'a tar name must not contain a NUL byte');
	}
	const bytes = Buffer.alloc(512);
	const octal = (value: number, offset: number, length: number): void => {
		// What does not fit stands in the PAX header.
		const text = value < 8 ** (length - 1) && value >= 0 ? value.toString(8) : '0';
		bytes.write(text.padStart(length - 1, '0'), offset, 'latin1');
	};
	encode(entry.name).copy(bytes, 0, 0, 100);
	octal(entry.mode & 0o7777, 100, 8);
	octal(entry.uid, 108, 8);
	octal(entry.gid, 116, 8);
	octal(entry.size, 124, 12);
	octal(Number(entry.mtime / billion), 136, 12);
	bytes.write('        ', 148, 'latin1');
	bytes.write(flag, 156, 'latin1');
	encode(entry.linkName).copy(bytes, 157, 0, 100);
	bytes.write('ustar\x0000', 257, 'latin1');
	octal(entry.deviceMajor, 329, 8);
	octal(entry.deviceMinor, 337, 8);
	let sum = 0;
	for (const byte of bytes) sum += byte;
	bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return bytes;
}
