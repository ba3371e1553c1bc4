import { EngineError } from '../../errors.ts';
import { close, FileType, lstatat, Open, openat2, Resolve, readLinkOf, type Statx } from '../../kernel/fs.ts';
import { cstring, Errno, SyscallError } from '../../kernel/libc.ts';

const inRoot = Resolve.IN_ROOT | Resolve.NO_MAGICLINKS;
/** As many as the kernel follows in one path. */
const maxLinks = 40;
const nothing = cstring('');

/** The names of a path, `.` and `..` taken out. */
export function splitPath(path: string): string[] {
	const parts: string[] = [];
	for (const part of path.split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '' && part !== '.') parts.push(part);
	}
	return parts;
}

/** True for an error that says there is no such file, or none below something that is no directory. */
export function isMissing(error: unknown): boolean {
	return error instanceof SyscallError && error.errno === Errno.ENOENT;
}

/** Something in the container that a request names. */
export interface Found {
	/** An `O_PATH` descriptor of it; of the link itself for a link. */
	readonly fd: number;
	readonly status: Statx;
	/** The last name of the request: `/` for the root, `.` for `dir/.`. */
	readonly name: string;
	/** Its path as the request has it, absolute. */
	readonly path: string;
}

/**
 * Finds what a request's path names, seen from the container's root. A link at its end is followed only when the path
 * ends in `/` or `/.`. null when there is nothing. @throws `invalid_argument` when a file is taken for a directory.
 */
export function find(root: number, path: string): Found | null {
	const parts = splitPath(path);
	const absolute = `/${parts.join('/')}`;
	const dot = /(^|\/)\.$/.test(path) && parts.length > 0;
	const asDirectory = parts.length === 0 || dot || path.endsWith('/');
	try {
		const fd = asDirectory ? openDirectory(root, parts) : openLast(root, parts);
		return { fd, status: lstatat(fd, nothing), name: dot ? '.' : (parts.at(-1) ?? '/'), path: absolute };
	} catch (error) {
		if (isMissing(error)) return null;
		if (!(error instanceof SyscallError)) throw error;
		const reason = { [Errno.ENOTDIR]: 'not a directory', [Errno.ELOOP]: 'too many levels of symbolic links' }[
			error.errno
		];
		if (reason === undefined) throw error;
		throw new EngineError('invalid_argument', `lstat ${asDirectory ? `${absolute}/` : absolute}: ${reason}`, {
			cause: error,
		});
	}
}

function openDirectory(root: number, parts: readonly string[]): number {
	const path = cstring(parts.length === 0 ? '.' : parts.join('/'));
	return openat2(root, path, { flags: Open.PATH | Open.DIRECTORY, resolve: inRoot });
}

function openLast(root: number, parts: readonly string[]): number {
	const parent = openDirectory(root, parts.slice(0, -1));
	try {
		return openat2(parent, cstring(parts.at(-1) ?? ''), { flags: Open.PATH | Open.NOFOLLOW });
	} finally {
		close(parent);
	}
}

/** The path with all links followed inside the root, as far as there is something; absolute. */
export function follow(root: number, path: string): string {
	let done: string[] = [];
	const rest = path.split('/');
	for (let links = 0; rest.length > 0; ) {
		const part = rest.shift() ?? '';
		if (part === '' || part === '.') continue;
		if (part === '..') {
			done.pop();
			continue;
		}
		const target = linkAt(root, done, part);
		if (target === null) done.push(part);
		else if (++links > maxLinks)
			throw new EngineError('invalid_argument', `too many levels of symbolic links: ${path}`);
		else {
			rest.unshift(...target.split('/'));
			if (target.startsWith('/')) done = [];
		}
	}
	return `/${done.join('/')}`;
}

/** What the link of that name says; null when it is none, or not there. */
function linkAt(root: number, folder: readonly string[], name: string): string | null {
	let fd: number;
	try {
		fd = openLast(root, [...folder, name]);
	} catch (error) {
		if (error instanceof SyscallError && (error.errno === Errno.ENOENT || error.errno === Errno.ENOTDIR)) return null;
		throw error;
	}
	try {
		const isLink = (lstatat(fd, nothing).mode & FileType.MASK) === FileType.SYMLINK;
		return isLink ? readLinkOf(fd).toString('utf8') : null;
	} finally {
		close(fd);
	}
}
