import { EngineError } from '../../errors.ts';
import {
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
	type Statx,
	symlinkat,
	writeAll,
} from '../../kernel/fs.ts';
import { Errno, SyscallError } from '../../kernel/libc.ts';
import { fsetxattr, lsetxattr } from '../../kernel/xattr.ts';
import type { TarSink } from '../../lib/tar/parse.ts';
import type { TarEntryType, TarHeader } from '../../lib/tar/types.ts';
import { createDirectories } from '../snapshots/unpack/resolve.ts';
import { removeTree } from './remove-tree.ts';

export interface ExtractOptions {
	/** Neither replace a directory by something else nor the other way round. */
	readonly keepKind: boolean;
	/** Whom to give everything; null: as the tar says. */
	readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** Where an entry goes. `path`: for messages, in the container. */
interface Place {
	readonly parts: readonly string[];
	readonly parent: number;
	readonly name: Buffer;
	readonly path: string;
}

const fileHow = { flags: Open.WRONLY | Open.CREAT | Open.EXCL | Open.NOFOLLOW, mode: 0o600 };
const directoryHow = { flags: Open.RDONLY | Open.DIRECTORY | Open.NOFOLLOW };
const shown = (name: string): string => Buffer.from(name, 'latin1').toString('utf8');
const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** Cleans a name; what is left may begin with `..`. */
function clean(name: string): string[] {
	const parts: string[] = [];
	for (const part of name.split('/')) {
		if (part === '' || part === '.') continue;
		if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
		else if (part !== '..' || !name.startsWith('/')) parts.push(part);
	}
	return parts;
}

/**
 * Unpacks into the directory `target` (names from the root, free of links, one character per byte) as Docker does:
 * directories are merged, anything else is replaced. Links on the way are followed inside the root; nothing is done by a
 * path that could lead out of it, whatever the container does meanwhile.
 */
export function createTreeExtractor(
	root: number,
	target: readonly string[],
	options: ExtractOptions,
): TarSink & { finish(): void } {
	const directories = createDirectories(root, 'tar entry');
	const directoryTimes = new Map<string, { readonly parts: readonly string[]; readonly mtime: bigint }>();
	const where = `/${shown(target.join('/'))}`;
	let file: { readonly fd: number; readonly header: TarHeader; readonly path: string } | undefined;

	const partsOf = (name: string): string[] => {
		const parts = clean(name);
		if (parts[0] === '..') throw invalid(`${JSON.stringify(shown(name))} is outside of ${JSON.stringify(where)}`);
		return [...target, ...parts];
	};
	const place = (parts: readonly string[]): Place => ({
		parts,
		parent: directories.open(parts.slice(0, -1)),
		name: Buffer.from(`${parts.at(-1) ?? ''}\0`, 'latin1'),
		path: `/${shown(parts.join('/'))}`,
	});
	const uidOf = (header: TarHeader): number => options.owner?.uid ?? header.uid;
	const gidOf = (header: TarHeader): number => options.owner?.gid ?? header.gid;

	const setXattrs = (header: TarHeader, set: (name: Buffer, value: Uint8Array) => void): void => {
		for (const [name, value] of header.xattrs) {
			// They would steer overlay itself.
			if (name.startsWith('trusted.')) continue;
			try {
				set(Buffer.from(`${name}\0`, 'latin1'), value);
			} catch (error) {
				if (!isErrno(error, Errno.EOPNOTSUPP) && !isErrno(error, Errno.EPERM)) throw error;
			}
		}
	};

	/** Takes away what is in the way; true when it is a directory that the entry only changes. */
	const clear = (at: Place, type: TarEntryType): boolean => {
		const there = statusOf(at);
		if (there === null) return false;
		const isDirectory = (there.mode & FileType.MASK) === FileType.DIRECTORY;
		if (isDirectory && type === 'directory') return true;
		if (options.keepKind && isDirectory !== (type === 'directory')) {
			const [old, next] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
			throw invalid(`cannot overwrite ${old} ${JSON.stringify(at.path)} with ${next} ${JSON.stringify(where)}`);
		}
		try {
			removeTree(at.parent, at.name);
		} catch (error) {
			if (!isErrno(error, Errno.EBUSY)) throw error;
			throw new EngineError('conflict', `unlinkat ${at.path}: device or resource busy`, { cause: error });
		}
		directories.forget();
		return false;
	};

	const directory = (header: TarHeader, parts: readonly string[]): void => {
		if (parts.length === target.length) return;
		const exists = clear(place(parts), 'directory');
		const at = place(parts);
		if (!exists) mkdirat(at.parent, at.name, 0o700);
		const fd = openat2(at.parent, at.name, directoryHow);
		try {
			fchown(fd, uidOf(header), gidOf(header));
			fchmod(fd, header.mode);
			setXattrs(header, (name, value) => fsetxattr(fd, name, value));
		} finally {
			close(fd);
		}
		directoryTimes.set(parts.join('/'), { parts, mtime: header.mtime });
	};

	const regular = (header: TarHeader, parts: readonly string[]): void => {
		clear(place(parts), 'file');
		const at = place(parts);
		const fd = openat2(at.parent, at.name, fileHow);
		file = { fd, header, path: at.path };
		fchown(fd, uidOf(header), gidOf(header));
	};

	/** Made with its final mode: a change of mode by name could hit what somebody else puts there. */
	const node = (header: TarHeader, parts: readonly string[], build: (at: Place) => void): void => {
		clear(place(parts), header.type);
		const at = place(parts);
		build(at);
		lchownat(at.parent, at.name, uidOf(header), gidOf(header));
		const path = Buffer.concat([Buffer.from(`/proc/self/fd/${at.parent}/`), at.name]);
		setXattrs(header, (name, value) => lsetxattr(path, name, value));
		lutimesat(at.parent, at.name, header.mtime);
	};

	const special = (header: TarHeader, parts: readonly string[], type: number): void => {
		node(header, parts, (at) =>
			mknodat(at.parent, at.name, type | (header.mode & 0o7777), header.deviceMajor, header.deviceMinor),
		);
	};

	const symlink = (header: TarHeader, parts: readonly string[]): void => {
		const leadsOut = header.linkName.startsWith('/')
			? false
			: clean([...parts.slice(target.length, -1), header.linkName].join('/'))[0] === '..';
		if (leadsOut) {
			const link = `${JSON.stringify(`/${shown(parts.join('/'))}`)} -> ${JSON.stringify(shown(header.linkName))}`;
			throw invalid(`invalid symlink ${link}`);
		}
		node(header, parts, (at) => symlinkat(Buffer.from(`${header.linkName}\0`, 'latin1'), at.parent, at.name));
	};

	const hardlink = (header: TarHeader, parts: readonly string[]): void => {
		const link = clean(header.linkName);
		if (link[0] === '..') {
			throw invalid(
				`invalid hardlink ${JSON.stringify(shown(header.name))} -> ${JSON.stringify(shown(header.linkName))}`,
			);
		}
		const from = [...target, ...link];
		if (from.join('/') === parts.join('/')) return;
		const source = place(from);
		if (statusOf(source) === null) {
			throw invalid(`link ${source.path} /${shown(parts.join('/'))}: no such file or directory`);
		}
		clear(place(parts), 'hardlink');
		const at = place(parts);
		const again = place(from);
		linkat(again.parent, again.name, at.parent, at.name);
	};

	const makers: Readonly<Record<TarEntryType, (header: TarHeader, parts: readonly string[]) => void>> = {
		file: regular,
		directory,
		symlink,
		hardlink,
		'character-device': (header, parts) => special(header, parts, FileType.CHARACTER),
		'block-device': (header, parts) => special(header, parts, FileType.BLOCK),
		fifo: (header, parts) => special(header, parts, FileType.FIFO),
	};

	return {
		entry(header) {
			directories.trim();
			const parts = partsOf(header.name);
			if (parts.length === target.length && header.type !== 'directory') {
				throw invalid(
					`cannot overwrite directory ${JSON.stringify(where)} with non-directory ${JSON.stringify(where)}`,
				);
			}
			makers[header.type](header, parts);
		},
		data(chunk) {
			if (file !== undefined) writeTo(file, chunk);
		},
		end() {
			if (file === undefined) return;
			const { fd, header } = file;
			file = undefined;
			// After the owner and the contents, which take setuid and capabilities away.
			fchmod(fd, header.mode);
			setXattrs(header, (name, value) => fsetxattr(fd, name, value));
			futimens(fd, header.mtime);
			close(fd);
		},
		finish() {
			for (const { parts, mtime } of directoryTimes.values()) {
				directories.trim();
				const at = place(parts);
				if (((statusOf(at)?.mode ?? 0) & FileType.MASK) === FileType.DIRECTORY) lutimesat(at.parent, at.name, mtime);
			}
			directories.forget();
		},
	};
}

function writeTo({ fd, path }: { readonly fd: number; readonly path: string }, bytes: Uint8Array): void {
	try {
		writeAll(fd, bytes);
	} catch (error) {
		throw error instanceof SyscallError ? new SyscallError('write', error.errno, path) : error;
	}
}

function statusOf(at: Place): Statx | null {
	try {
		return lstatat(at.parent, at.name);
	} catch (error) {
		if (isErrno(error, Errno.ENOENT)) return null;
		throw error;
	}
}

function isErrno(error: unknown, number: number): boolean {
	return error instanceof SyscallError && error.errno === number;
}
