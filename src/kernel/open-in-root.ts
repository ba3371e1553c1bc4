import { AT_FDCWD, close, FileType, lstatat, Open, openat2, Resolve } from './fs.ts';
import { cstring, Errno, SyscallError } from './libc.ts';

/** An open descriptor that is to be closed. */
export interface OpenedDirectory {
	readonly fd: number;
	close(): void;
}

/**
 * Opens a directory inside `root` as a process chrooted there would see it: no symlink leads out.
 * null when there is no such directory. Source: openat2(2), RESOLVE_IN_ROOT.
 */
export function openDirectoryIn(root: string, path: string): OpenedDirectory | null {
	const rootFd = openat2(AT_FDCWD, cstring(root), { flags: Open.PATH | Open.DIRECTORY });
	try {
		const fd = openat2(rootFd, cstring(path), { flags: Open.PATH | Open.DIRECTORY, resolve: Resolve.IN_ROOT });
		return { fd, close: () => close(fd) };
	} catch (error) {
		if (error instanceof SyscallError && (error.errno === Errno.ENOENT || error.errno === Errno.ENOTDIR)) return null;
		throw error;
	} finally {
		close(rootFd);
	}
}

/** Something inside a root, opened as a path: it stays what it is whatever becomes of its name. */
export interface OpenedPath extends OpenedDirectory {
	readonly directory: boolean;
}

/**
 * Opens what is at `path` inside `root`, a file or a directory, as a process chrooted there would see it.
 * @throws SyscallError, `not_found` when it is not there. Source: openat2(2), RESOLVE_IN_ROOT.
 */
export function openPathIn(root: string, path: string): OpenedPath {
	const rootFd = openat2(AT_FDCWD, cstring(root), { flags: Open.PATH | Open.DIRECTORY });
	try {
		const resolve = Resolve.IN_ROOT | Resolve.NO_MAGICLINKS;
		const fd = openat2(rootFd, cstring(path), { flags: Open.PATH, resolve });
		const directory = (lstatat(fd, cstring('')).mode & FileType.MASK) === FileType.DIRECTORY;
		return { fd, directory, close: () => close(fd) };
	} finally {
		close(rootFd);
	}
}
