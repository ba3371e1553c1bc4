import { rmSync } from 'node:fs';
import { EngineError } from '../../../errors.ts';
import {
	chmodat,
	close,
	FileType,
	fchmod,
	fchown,
	futimens,
	lchownat,
	linkat,
	lstatat,
	lutimesat,
	mkdirat,
	mknodat,
	Open,
	openat2,
	symlinkat,
	unlinkat,
	writeAll,
} from '../../../kernel/fs.ts';
import { Errno } from '../../../kernel/libc.ts';
import { fsetxattr, lsetxattr } from '../../../kernel/xattr.ts';
import type { TarSink } from '../../../lib/tar/parse.ts';
import type { TarEntryType, TarHeader } from '../../../lib/tar/types.ts';
import { isErrno, isWhiteout, markOpaque } from './overlay-marks.ts';
import { componentsOf, createDirectories, rawName, shownName } from './resolve.ts';

const whiteoutPrefix = '.wh.';
const opaqueMarker = '.wh..wh..opq';
const metadataPrefix = '.wh..wh.';

/** Where an entry goes. */
interface Place {
	readonly parts: readonly string[];
	readonly parent: number;
	readonly name: Buffer;
}

const procPath = ({ parent, name }: Place): Buffer => Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), name]);

/** The extractor of one layer into an empty directory; names of the tar are one character per byte. */
export interface Extractor extends TarSink {
	/** Sets what must come last (times of directories) and closes what is open. Returns the bytes of regular files and symbolic links. */
	finish(): number;
}

/**
 * Whiteouts become overlay's: a character device 0:0, or the opaque mark on a directory.
 * @throws `corrupt` for an entry that does not fit inside, `exhausted` for a full disk.
 */
export function createExtractor(root: number): Extractor {
	const directories = createDirectories(root);
	const directoryTimes = new Map<string, { readonly parts: readonly string[]; readonly mtime: bigint }>();
	let file: { readonly fd: number; readonly mtime: bigint } | undefined;
	let bytes = 0;

	const place = (parts: readonly string[]): Place => ({
		parts,
		parent: directories.open(parts.slice(0, -1)),
		name: rawName(parts.at(-1) ?? ''),
	});

	/** Takes away what an earlier entry left at that name. */
	const clear = (at: Place): void => {
		const type = lstatat(at.parent, at.name).mode & FileType.MASK;
		if (type === FileType.DIRECTORY) {
			rmSync(procPath(at).subarray(0, -1), { recursive: true });
			directories.forget();
			return;
		}
		unlinkat(at.parent, at.name);
		if (type === FileType.SYMLINK) directories.forget();
	};

	/** Makes something new at a name, in place of what an earlier entry left there. */
	const make = <T>(parts: readonly string[], build: (at: Place) => T): T => {
		const at = place(parts);
		try {
			return build(at);
		} catch (error) {
			if (!isErrno(error, Errno.EEXIST)) throw error;
			clear(at);
			return build(place(parts));
		}
	};

	const setXattrs = (header: TarHeader, set: (name: Buffer, value: Uint8Array) => void): void => {
		for (const [name, value] of header.xattrs) {
			// They would steer our own mount; overlay never shows them to a container either.
			if (name.startsWith('trusted.overlay.')) continue;
			try {
				set(rawName(name), value);
			} catch (error) {
				// As Docker does: a filesystem or a user namespace that cannot hold it is no reason to refuse the image.
				if (!isErrno(error, Errno.EOPNOTSUPP) && !isErrno(error, Errno.EPERM)) throw error;
			}
		}
	};

	const whiteout = (header: TarHeader, parts: readonly string[], base: string): void => {
		const folder = parts.slice(0, -1);
		if (base === opaqueMarker) {
			markOpaque(directories.open(folder));
			return;
		}
		if (base.startsWith(metadataPrefix)) return;
		const hidden = base.slice(whiteoutPrefix.length);
		if (hidden === '' || hidden === '.' || hidden === '..') {
			throw new EngineError('corrupt', `layer entry ${shownName(header.name)} is a whiteout of nothing`);
		}
		const at = place([...folder, hidden]);
		try {
			mknodat(at.parent, at.name, FileType.CHARACTER, 0, 0);
		} catch (error) {
			if (!isErrno(error, Errno.EEXIST)) throw error;
			// This layer has something of that name: the whiteout speaks of the layers below only.
			const type = lstatat(at.parent, at.name).mode & FileType.MASK;
			if (type === FileType.DIRECTORY) markOpaque(directories.open(at.parts));
			return;
		}
		lchownat(at.parent, at.name, header.uid, header.gid);
	};

	const directory = (header: TarHeader, parts: readonly string[]): void => {
		let at = place(parts);
		let opaque = false;
		try {
			mkdirat(at.parent, at.name, 0o700);
		} catch (error) {
			if (!isErrno(error, Errno.EEXIST)) throw error;
			const there = lstatat(at.parent, at.name);
			if ((there.mode & FileType.MASK) !== FileType.DIRECTORY) {
				opaque = isWhiteout(there);
				clear(at);
				at = place(parts);
				mkdirat(at.parent, at.name, 0o700);
			}
		}
		lchownat(at.parent, at.name, header.uid, header.gid);
		chmodat(at.parent, at.name, header.mode);
		setXattrs(header, (name, value) => lsetxattr(procPath(at), name, value));
		if (opaque) markOpaque(directories.open(parts));
		directoryTimes.set(parts.join('/'), { parts, mtime: header.mtime });
	};

	const regular = (header: TarHeader, parts: readonly string[]): void => {
		const how = { flags: Open.WRONLY | Open.CREAT | Open.EXCL | Open.NOFOLLOW, mode: 0o600 };
		const fd = make(parts, (at) => openat2(at.parent, at.name, how));
		file = { fd, mtime: header.mtime };
		bytes += header.size;
		fchown(fd, header.uid, header.gid);
		// After the owner: a change of owner takes setuid away.
		fchmod(fd, header.mode);
	};

	const node = (header: TarHeader, parts: readonly string[], build: (at: Place) => void): void => {
		const at = make(parts, (there) => {
			build(there);
			return there;
		});
		lchownat(at.parent, at.name, header.uid, header.gid);
		if (header.type !== 'symlink') chmodat(at.parent, at.name, header.mode);
		setXattrs(header, (name, value) => lsetxattr(procPath(at), name, value));
		lutimesat(at.parent, at.name, header.mtime);
	};

	const hardlink = (header: TarHeader, parts: readonly string[]): void => {
		const target = componentsOf(header.linkName);
		const same = target.join('/') === parts.join('/');
		try {
			if (target.length === 0 || same) throw new EngineError('corrupt', 'it links to itself');
			// Looked up first, so that a bad link does not take away what is there.
			lstatat(directories.open(target.slice(0, -1)), rawName(target.at(-1) ?? ''));
			make(parts, (at) =>
				linkat(directories.open(target.slice(0, -1)), rawName(target.at(-1) ?? ''), at.parent, at.name),
			);
		} catch (error) {
			if (error instanceof EngineError && error.code === 'exhausted') throw error;
			const message = `layer entry ${shownName(header.name)}: cannot link to ${shownName(header.linkName)}`;
			throw new EngineError('corrupt', `${message} inside the root filesystem`, { cause: error });
		}
	};

	const special = (header: TarHeader, parts: readonly string[], type: number): void => {
		const mode = type | (header.mode & 0o7777);
		node(header, parts, (at) => mknodat(at.parent, at.name, mode, header.deviceMajor, header.deviceMinor));
	};

	const makers: Readonly<Record<TarEntryType, (header: TarHeader, parts: readonly string[]) => void>> = {
		file: regular,
		directory,
		symlink(header, parts) {
			node(header, parts, (at) => symlinkat(rawName(header.linkName), at.parent, at.name));
			bytes += header.linkName.length;
		},
		hardlink,
		'character-device': (header, parts) => special(header, parts, FileType.CHARACTER),
		'block-device': (header, parts) => special(header, parts, FileType.BLOCK),
		fifo: (header, parts) => special(header, parts, FileType.FIFO),
	};

	const take = (header: TarHeader): void => {
		directories.trim();
		const parts = componentsOf(header.name);
		const base = parts.at(-1);
		// The root itself belongs to each container's own layer.
		if (base === undefined) return;
		if (base.startsWith(whiteoutPrefix)) whiteout(header, parts, base);
		else makers[header.type](header, parts);
	};

	let xattrsOfFile: TarHeader | undefined;

	return {
		entry(header) {
			take(header);
			xattrsOfFile = file !== undefined && header.xattrs.size > 0 ? header : undefined;
		},
		data(chunk) {
			if (file !== undefined) writeAll(file.fd, chunk);
		},
		end() {
			if (file === undefined) return;
			const { fd, mtime } = file;
			file = undefined;
			// After the contents: a write takes file capabilities away.
			if (xattrsOfFile !== undefined) setXattrs(xattrsOfFile, (name, value) => fsetxattr(fd, name, value));
			futimens(fd, mtime);
			close(fd);
		},
		finish() {
			for (const { parts, mtime } of directoryTimes.values()) {
				directories.trim();
				const at = place(parts);
				if ((lstatOrNothing(at)?.mode ?? 0) >> 12 === FileType.DIRECTORY >> 12) lutimesat(at.parent, at.name, mtime);
			}
			directories.forget();
			return bytes;
		},
	};
}

/** A directory that a later entry replaced may be gone. */
function lstatOrNothing(at: Place): { readonly mode: number } | undefined {
	try {
		return lstatat(at.parent, at.name);
	} catch (error) {
		if (isErrno(error, Errno.ENOENT)) return undefined;
		throw error;
	}
}
