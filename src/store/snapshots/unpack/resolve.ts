import { EngineError } from '../../../errors.ts';
import { close, lstatat, mkdirat, Open, openat2, Resolve, unlinkat } from '../../../kernel/fs.ts';
import { Errno } from '../../../kernel/libc.ts';
import { isErrno, isWhiteout, markOpaque } from './overlay-marks.ts';

/** A NUL-terminated name of a tar whose names are one character per byte. */
export function rawName(name: string): Buffer {
	if (name.includes('\0')) throw new EngineError('corrupt', 'layer: a name holds a NUL byte');
	return Buffer.from(`${name}\0`, 'latin1');
}

/** For messages: the bytes as UTF-8, quoted. */
export function shownName(name: string): string {
	return JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'));
}

/** The components of an entry's name. @throws `corrupt` when one of them is `..`. */
export function componentsOf(name: string): string[] {
	const parts: string[] = [];
	for (const part of name.split('/')) {
		if (part === '' || part === '.') continue;
		if (part === '..') throw new EngineError('corrupt', `layer entry ${shownName(name)} escapes the root filesystem`);
		parts.push(part);
	}
	return parts;
}

/** Directories below a root, resolved by the kernel so that no symbolic link leads out. */
export interface Directories {
	/** A descriptor of the directory, valid until `trim` or `forget`; made with mode 0755 where parts are missing. @throws `corrupt`. */
	open(parts: readonly string[]): number;
	/** Call when a directory or a symbolic link was replaced: what was resolved through it is forgotten. */
	forget(): void;
	/** Call between entries: keeps the number of open descriptors bounded. */
	trim(): void;
}

const maxOpen = 256;
const how = { flags: Open.PATH | Open.DIRECTORY, resolve: Resolve.IN_ROOT | Resolve.NO_MAGICLINKS };

/** `root`: descriptor of the root, owned by the caller; `entry`: what messages call a name. */
export function createDirectories(root: number, entry = 'layer entry'): Directories {
	const known = new Map<string, number>();

	const forget = (): void => {
		for (const fd of known.values()) close(fd);
		known.clear();
	};

	const resolve = (parts: readonly string[], path: string): number => {
		try {
			return openat2(root, rawName(path), how);
		} catch (error) {
			if (isErrno(error, Errno.ENOENT) || isErrno(error, Errno.ENOTDIR)) return make(parts, path);
			throw isErrno(error, Errno.ELOOP) ? unresolvable(entry, path, error) : error;
		}
	};

	const make = (parts: readonly string[], path: string): number => {
		const parent = open(parts.slice(0, -1));
		const name = rawName(parts.at(-1) ?? '');
		try {
			mkdirat(parent, name, 0o755);
		} catch (error) {
			if (!isErrno(error, Errno.EEXIST)) throw error;
			// It exists and yet is no directory: a file, a link to nowhere, or a whiteout that this layer puts something over.
			if (!isWhiteout(lstatat(parent, name))) throw unresolvable(entry, path, error);
			unlinkat(parent, name);
			mkdirat(parent, name, 0o755);
			const fd = openat2(root, rawName(path), how);
			markOpaque(fd);
			return fd;
		}
		return openat2(root, rawName(path), how);
	};

	const open = (parts: readonly string[]): number => {
		if (parts.length === 0) return root;
		const path = parts.join('/');
		const found = known.get(path);
		if (found !== undefined) return found;
		const fd = resolve(parts, path);
		known.set(path, fd);
		return fd;
	};

	const trim = (): void => {
		if (known.size >= maxOpen) forget();
	};

	return { open, forget, trim };
}

function unresolvable(entry: string, path: string, cause: unknown): EngineError {
	return new EngineError('corrupt', `${entry} ${shownName(path)} is no directory inside the root filesystem`, {
		cause,
	});
}
