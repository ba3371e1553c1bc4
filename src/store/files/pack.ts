import { readdirSync, readSync } from 'node:fs';
import { EngineError } from '../../errors.ts';
import {
	AT_FDCWD,
	type CString,
	close,
	FileType,
	lstatat,
	Open,
	openat2,
	readLinkOf,
	type Statx,
} from '../../kernel/fs.ts';
import { cstring, Errno, SyscallError } from '../../kernel/libc.ts';
import { getXattr, listXattrs } from '../../kernel/xattr.ts';
import type { TarEntryType } from '../../lib/tar/types.ts';
import { tarEnd, tarPadding, writeTarHeader } from '../../lib/tar/write.ts';
import { isOpaque, isWhiteout } from '../snapshots/unpack/overlay-marks.ts';
import type { Output } from './output.ts';

const nothing = cstring('');
const billion = 1_000_000_000n;
const pieceBytes = 256 * 1024;
/** Bytes of the longest name that tar readers take. */
const longestName = 4095;

const types: ReadonlyMap<number, TarEntryType> = new Map([
	[FileType.REGULAR, 'file'],
	[FileType.DIRECTORY, 'directory'],
	[FileType.SYMLINK, 'symlink'],
	[FileType.CHARACTER, 'character-device'],
	[FileType.BLOCK, 'block-device'],
	[FileType.FIFO, 'fifo'],
]);

/** Writes trees as a tar. Names are one character per byte. What goes away or is replaced meanwhile is left out. */
export interface Packer {
	/** `fd`: an `O_PATH` descriptor; `name`: what it is called in the tar. Descends into directories. */
	add(fd: number, name: string): void;
	/** All below a directory, without the directory. `prefix` ends in `/`, or is ''. */
	addBelow(directory: number, prefix: string): void;
	finish(): void;
}

/** `whiteouts`: overlay's marks of removed things become those of an image's layer. */
export function createPacker(output: Output, { whiteouts = false } = {}): Packer {
	const seen = new Map<string, string>();
	const piece = Buffer.allocUnsafeSlow(pieceBytes);

	const header = (status: Statx, type: TarEntryType, name: string, more: object = {}): void => {
		const isDevice = type === 'character-device' || type === 'block-device';
		output.write(
			writeTarHeader(
				{
					name: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
					type,
					mode: status.mode & 0o7777,
					uid: status.uid,
					gid: status.gid,
					// As Docker has them: whole seconds.
					mtime: status.mtime - (((status.mtime % billion) + billion) % billion),
					deviceMajor: isDevice ? status.rdevMajor : 0,
					deviceMinor: isDevice ? status.rdevMinor : 0,
					...more,
				},
				'bytes',
			),
		);
	};

	/** Exactly as many bytes as the header says: a file that is written meanwhile may have become shorter or longer. */
	const body = (fd: number, size: number): void => {
		let left = size;
		while (left > 0) {
			const count = readSync(fd, piece, 0, Math.min(left, pieceBytes), null);
			if (count === 0) break;
			output.write(piece.subarray(0, count));
			left -= count;
		}
		piece.fill(0, 0, Math.min(left, pieceBytes));
		for (; left > 0; left -= pieceBytes) output.write(piece.subarray(0, Math.min(left, pieceBytes)));
		output.write(tarPadding(size));
	};

	const whiteout = (name: string, status: Statx): void => {
		const cut = name.lastIndexOf('/') + 1;
		header(status, 'file', `${name.slice(0, cut)}.wh.${name.slice(cut)}`);
	};

	const regular = (fd: number, status: Statx, name: string): void => {
		// By the descriptor that was looked at: what has the name now may be another file, or a device.
		const readable = openat2(AT_FDCWD, cstring(`/proc/self/fd/${fd}`), { flags: Open.RDONLY });
		try {
			const size = Number(status.size);
			header(status, 'file', name, { size, xattrs: xattrsOf(fd) });
			body(readable, size);
		} finally {
			close(readable);
		}
	};

	const directory = (fd: number, status: Statx, name: string): void => {
		header(status, 'directory', name, { xattrs: xattrsOf(fd) });
		const prefix = name.endsWith('/') ? name : `${name}/`;
		if (whiteouts && isOpaque(fd)) header(status, 'file', `${prefix}.wh..wh..opq`);
		addBelow(fd, prefix);
	};

	const add = (fd: number, name: string): void => {
		const status = lstatat(fd, nothing);
		if (whiteouts && isWhiteout(status)) {
			whiteout(name, status);
			return;
		}
		const type = types.get(status.mode & FileType.MASK);
		// Sockets mean nothing elsewhere, and tars have no word for them.
		if (type === undefined) return;
		if (name.length > longestName) {
			throw new EngineError('unsupported', `a path of ${name.length} bytes is too long for a tar archive`);
		}
		const first = type === 'directory' || status.links === 1 ? undefined : seen.get(status.inode);
		if (type !== 'directory' && status.links > 1 && first === undefined) seen.set(status.inode, name);
		if (first !== undefined) header(status, 'hardlink', name, { linkName: first });
		else if (type === 'directory') directory(fd, status, name);
		else if (type === 'file') regular(fd, status, name);
		else header(status, type, name, type === 'symlink' ? { linkName: readLinkOf(fd).toString('latin1') } : {});
	};

	const addBelow = (folder: number, prefix: string): void => {
		for (const base of namesIn(folder)) {
			const fd = openIfThere(folder, Buffer.from(`${base}\0`, 'latin1'));
			if (fd === null) continue;
			try {
				add(fd, prefix + base);
			} finally {
				close(fd);
			}
		}
	};

	return {
		add,
		addBelow,
		finish() {
			output.write(tarEnd);
			output.flush();
		},
	};
}

/** Names in the order of their bytes. */
export function namesIn(directory: number): string[] {
	const names = readdirSync(`/proc/self/fd/${directory}/.`, { encoding: 'buffer' });
	return names.map((name) => name.toString('latin1')).sort((a, b) => (a < b ? -1 : 1));
}

export function openIfThere(directory: number, name: CString): number | null {
	try {
		return openat2(directory, name, { flags: Open.PATH | Open.NOFOLLOW });
	} catch (error) {
		if (error instanceof SyscallError && error.errno === Errno.ENOENT) return null;
		throw error;
	}
}

const none: ReadonlyMap<string, Uint8Array> = new Map();

/** The attributes that belong to a file wherever it is: capabilities, and the user's own. */
function xattrsOf(fd: number): ReadonlyMap<string, Uint8Array> {
	try {
		const wanted = listXattrs(fd).filter((name) => name === 'security.capability' || name.startsWith('user.'));
		if (wanted.length === 0) return none;
		return new Map(wanted.map((name) => [name, getXattr(fd, Buffer.from(`${name}\0`, 'latin1'))]));
	} catch (error) {
		const gone: readonly number[] = [Errno.ENODATA, Errno.EOPNOTSUPP];
		if (error instanceof SyscallError && gone.includes(error.errno)) return none;
		throw error;
	}
}
