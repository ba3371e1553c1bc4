import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { EngineError } from '../../errors.ts';

/** One side of a copy. */
export interface CopyInfo {
	readonly path: string;
	readonly exists: boolean;
	readonly isDirectory: boolean;
	/** What the last name is to be in the archive, where it is not the path's own; ''. */
	readonly rebase: string;
}

const trailingSlash = (path: string): boolean => path.endsWith('/');
const failure = (message: string): EngineError => new EngineError('invalid_argument', message);

/** `CONTAINER:PATH`, or a path here: an absolute one, or one whose first part begins with a dot. */
export function splitArgument(argument: string): { readonly container: string; readonly path: string } {
	const colon = argument.indexOf(':');
	if (argument.startsWith('/') || argument.startsWith('.') || colon < 0) return { container: '', path: argument };
	return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}

/** An absolute path that still says whether it means a directory (`/`), or what is in one (`/.`). */
export function absolute(path: string): string {
	const whole = resolve(path);
	if (/(^|\/)\.$/.test(path)) return whole === '/' ? '/.' : `${whole}/.`;
	return trailingSlash(path) && whole !== '/' ? `${whole}/` : whole;
}

/** Directory and last name, which is `.` for `dir/.`. */
export function splitEntry(path: string): readonly [string, string] {
	const clean = posix.normalize(path).replace(/(.)\/+$/, '$1');
	return /(^|\/)\.$/.test(path) ? [clean, '.'] : [posix.dirname(clean), posix.basename(clean) || '/'];
}

/** A resolved path with what the given one ends in, and the name that the archive must use for it. */
export function rebased(path: string, target: string): { readonly path: string; readonly rebase: string } {
	let whole = target;
	if (/(^|\/)\.$/.test(path) && !/(^|\/)\.$/.test(whole)) whole += '/.';
	if (trailingSlash(path) && !trailingSlash(whole)) whole += '/';
	const base = (one: string): string => splitEntry(one)[1];
	return { path: whole, rebase: base(path) === base(whole) ? '' : base(path) };
}

function lstat(path: string): Stats | null {
	try {
		return lstatSync(path);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
		if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') {
			throw failure(`lstat ${path}: not a directory`);
		}
		throw error;
	}
}

/** What is to be copied from here. @throws when it is not there. */
export function sourceInfo(path: string, follow: boolean): CopyInfo {
	if (lstat(path) === null) throw new EngineError('not_found', `lstat ${path}: no such file or directory`);
	const asDirectory = trailingSlash(path) || path.endsWith('/.');
	const resolved =
		follow || asDirectory ? realpathSync(path) : posix.join(realpathSync(posix.dirname(path)), posix.basename(path));
	const named = rebased(path, resolved);
	const status = lstatSync(named.path);
	return { ...named, exists: true, isDirectory: status.isDirectory() };
}

const maxLinks = 10;

/** Where a copy to here goes, links followed; its directory must exist. */
export function destinationInfo(given: string): CopyInfo {
	let path = given;
	for (let links = 0; ; links++) {
		const status = lstat(path.replace(/(.)\/+$/, '$1'));
		if (status === null) {
			const parent = posix.dirname(posix.normalize(path).replace(/(.)\/+$/, '$1'));
			if (!statSync(parent).isDirectory()) throw failure('not a directory');
			return { path, exists: false, isDirectory: false, rebase: '' };
		}
		if (!status.isSymbolicLink()) return { path, exists: true, isDirectory: status.isDirectory(), rebase: '' };
		if (links >= maxLinks) throw failure(`too many symbolic links in ${given}`);
		const bare = path.replace(/(.)\/+$/, '$1');
		path = posix.resolve(posix.dirname(bare), readlinkSync(bare)) + (trailingSlash(path) ? '/' : '');
	}
}

/** @throws unless a file or directory can be made at `path`. */
export function checkOutput(path: string): void {
	const folder = posix.dirname(posix.normalize(path).replace(/(.)\/+$/, '$1'));
	if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) {
		throw failure(`invalid output path: directory ${JSON.stringify(folder)} does not exist`);
	}
	const status = statSync(path, { throwIfNoEntry: false });
	if (status === undefined || status.isDirectory() || status.isFile()) return;
	const kind = status.isCharacterDevice() || status.isBlockDevice() ? 'got a device' : 'got an irregular file';
	throw failure(`invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: ${kind}`);
}

/** The directory to unpack into and how names change on the way. */
export interface Plan {
	readonly directory: string;
	readonly rename: (name: string) => string;
}

/** Decides by what is on both sides where the archive of `source` goes, and under which name. */
export function planCopy(source: CopyInfo, destination: CopyInfo): Plan {
	const [directory, name] = splitEntry(destination.path);
	const own = source.rebase === '' ? splitEntry(source.path)[1] : source.rebase;
	if (destination.exists && destination.isDirectory) return { directory: destination.path, rename: (one) => one };
	if (destination.exists && source.isDirectory) throw failure('cannot copy directory');
	const asserts = trailingSlash(destination.path) || /(^|\/)\.$/.test(destination.path);
	if (!destination.exists && !source.isDirectory && asserts) throw failure('no such directory');
	return { directory, rename: (one) => replaceBase(one, own, name) };
}

/** `old/x` as `next/x`. */
export function replaceBase(name: string, old: string, next: string): string {
	if (old === '/') return `${next}${name}`;
	if (name === old || name.startsWith(`${old}/`)) return next + name.slice(old.length);
	return name;
}
