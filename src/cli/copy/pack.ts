import { type BigIntStats, createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntryType } from '../../lib/tar/types.ts';
import { tarEnd, tarPadding, writeTarHeader } from '../../lib/tar/write.ts';
import { type CopyInfo, splitEntry } from './paths.ts';

/** The tar of a file or directory here. `rename` changes the names, which begin with the source's last one. */
export async function* packLocal(source: CopyInfo, rename: (name: string) => string): AsyncGenerator<Uint8Array> {
	const [, base] = splitEntry(source.path);
	const seen = new Map<string, string>();
	yield* packEntry(source.path, source.rebase === '' ? base : source.rebase, rename, seen);
	yield tarEnd;
}

async function* packEntry(
	path: string,
	name: string,
	rename: (name: string) => string,
	seen: Map<string, string>,
): AsyncGenerator<Uint8Array> {
	const status = lstatSync(path, { bigint: true });
	const type = typeOf(status);
	// Sockets mean nothing elsewhere.
	if (type === null) return;
	const renamed = rename(name);
	const key = `${status.dev}:${status.ino}`;
	const first = type === 'directory' ? undefined : seen.get(key);
	if (type !== 'directory' && status.nlink > 1n && first === undefined) seen.set(key, renamed);
	const isFile = type === 'file' && first === undefined;
	const linkName = first ?? (type === 'symlink' ? readlinkSync(path) : '');
	yield writeTarHeader({
		name: type === 'directory' && !renamed.endsWith('/') ? `${renamed}/` : renamed,
		type: first === undefined ? type : 'hardlink',
		linkName,
		mode: Number(status.mode & 0o7777n),
		uid: Number(status.uid),
		gid: Number(status.gid),
		mtime: (status.mtimeNs / 1_000_000_000n) * 1_000_000_000n,
		size: isFile ? Number(status.size) : 0,
		...deviceOf(type, status.rdev),
	});
	if (isFile) yield* packBody(path, Number(status.size));
	if (type !== 'directory') return;
	for (const child of readdirSync(path).sort(byBytes)) {
		yield* packEntry(join(path, child), name.endsWith('/') ? name + child : `${name}/${child}`, rename, seen);
	}
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** As many bytes as the header says, whatever becomes of the file meanwhile. */
async function* packBody(path: string, size: number): AsyncGenerator<Uint8Array> {
	let left = size;
	if (size > 0) {
		for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 })) {
			left -= (chunk as Uint8Array).length;
			yield chunk as Uint8Array;
		}
	}
	for (const zeros = new Uint8Array(65536); left > 0; left -= zeros.length) yield zeros.subarray(0, left);
	yield tarPadding(size);
}

function typeOf(status: BigIntStats): TarEntryType | null {
	if (status.isFile()) return 'file';
	if (status.isDirectory()) return 'directory';
	if (status.isSymbolicLink()) return 'symlink';
	if (status.isCharacterDevice()) return 'character-device';
	if (status.isBlockDevice()) return 'block-device';
	return status.isFIFO() ? 'fifo' : null;
}

function deviceOf(type: TarEntryType, rdev: bigint): { deviceMajor: number; deviceMinor: number } {
	if (type !== 'character-device' && type !== 'block-device') return { deviceMajor: 0, deviceMinor: 0 };
	return {
		deviceMajor: Number((rdev >> 8n) & 0xfffn),
		deviceMinor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n)),
	};
}
