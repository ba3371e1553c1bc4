import { EngineError } from '../../errors.ts';
import { checksumFits, readNumber } from './numbers.ts';
import { readPaxNumber, readPaxTime } from './pax.ts';
import type { TarEntryType, TarHeader, TarLimits } from './types.ts';

/** How names become strings: `utf8`, or `bytes` (one character per byte, so that any name survives). */
export type NameEncoding = 'utf8' | 'bytes';

/** What extension headers said about the entry that follows them. */
export interface Extensions {
	pax: Map<string, Buffer> | undefined;
	longName: Buffer | undefined;
	longLink: Buffer | undefined;
}

/** The text of a field or record. */
export function decodeName(bytes: Buffer, encoding: NameEncoding, limits: TarLimits): string {
	const end = bytes.indexOf(0);
	const length = end < 0 ? bytes.length : end;
	if (length > limits.maxNameBytes) throw new EngineError('corrupt', `tar: a name of ${length} bytes is too long`);
	return bytes.toString(encoding === 'utf8' ? 'utf8' : 'latin1', 0, length);
}

const types: Readonly<Record<string, TarEntryType>> = {
	'0': 'file',
	'\0': 'file',
	'7': 'file',
	'1': 'hardlink',
	'2': 'symlink',
	'3': 'character-device',
	'4': 'block-device',
	'5': 'directory',
	'6': 'fifo',
};

function typeOf(flag: string, name: string, pax: Map<string, Buffer> | undefined): TarEntryType {
	const sparse = flag === 'S' || pax?.has('GNU.sparse.major') === true || pax?.has('GNU.sparse.map') === true;
	if (sparse) throw new EngineError('unsupported', `tar: sparse entry ${JSON.stringify(name)} is not supported`);
	const type = types[flag];
	if (type === undefined) {
		throw new EngineError('corrupt', `tar: entry ${JSON.stringify(name)} has the unknown type ${JSON.stringify(flag)}`);
	}
	return type === 'file' && flag === '\0' && name.endsWith('/') ? 'directory' : type;
}

/** Checks a header block. @throws `corrupt`. */
export function verifyBlock(block: Buffer): void {
	if (!checksumFits(block)) throw new EngineError('corrupt', 'tar: header checksum does not match');
}

function nameOf(block: Buffer, encoding: NameEncoding, limits: TarLimits): string {
	const name = decodeName(block.subarray(0, 100), encoding, limits);
	// Only POSIX ustar has the prefix; GNU keeps times there.
	const posix = block.toString('latin1', 257, 263) === 'ustar\0';
	const prefix = posix ? decodeName(block.subarray(345, 500), encoding, limits) : '';
	return prefix === '' ? name : `${prefix}/${name}`;
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();
const xattrPrefix = 'SCHILY.xattr.';

function xattrsOf(pax: Map<string, Buffer> | undefined): ReadonlyMap<string, Uint8Array> {
	if (pax === undefined) return noXattrs;
	const found = new Map<string, Uint8Array>();
	for (const [key, value] of pax) if (key.startsWith(xattrPrefix)) found.set(key.slice(xattrPrefix.length), value);
	return found.size === 0 ? noXattrs : found;
}

/** The entry of a verified block, with the extensions that came before it. @throws `corrupt`, `unsupported`. */
export function readHeader(
	block: Buffer,
	extensions: Extensions,
	encoding: NameEncoding,
	limits: TarLimits,
): TarHeader {
	const { pax, longName, longLink } = extensions;
	const nameBytes = pax?.get('path') ?? longName;
	const linkBytes = pax?.get('linkpath') ?? longLink ?? block.subarray(157, 257);
	const name = nameBytes === undefined ? nameOf(block, encoding, limits) : decodeName(nameBytes, encoding, limits);
	const number = (key: string, offset: number, length: number): number => {
		const record = pax?.get(key);
		// An empty PAX value takes an earlier record back.
		if (record !== undefined && record.length > 0) return readPaxNumber(record.toString('latin1'), key);
		const value = readNumber(block, offset, length, key);
		if (value < 0) throw new EngineError('corrupt', `tar: negative ${key} of ${JSON.stringify(name)}`);
		return value;
	};
	const type = typeOf(String.fromCharCode(block[156] ?? 0), name, pax);
	const mtime = pax?.get('mtime');
	const device = type === 'character-device' || type === 'block-device';
	return {
		name,
		type,
		linkName: type === 'symlink' || type === 'hardlink' ? decodeName(linkBytes, encoding, limits) : '',
		size: type === 'file' ? number('size', 124, 12) : 0,
		mode: readNumber(block, 100, 8, 'mode') & 0o7777,
		uid: number('uid', 108, 8),
		gid: number('gid', 116, 8),
		mtime:
			mtime !== undefined && mtime.length > 0
				? readPaxTime(mtime.toString('latin1'))
				: BigInt(readNumber(block, 136, 12, 'mtime')) * 1_000_000_000n,
		deviceMajor: device ? number('SCHILY.devmajor', 329, 8) : 0,
		deviceMinor: device ? number('SCHILY.devminor', 337, 8) : 0,
		xattrs: xattrsOf(pax),
	};
}
