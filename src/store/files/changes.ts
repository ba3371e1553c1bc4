import { AT_FDCWD, close, FileType, lstatat, Open, openat2, type Statx } from '../../kernel/fs.ts';
import { cstring, Errno, SyscallError } from '../../kernel/libc.ts';
import { getXattr } from '../../kernel/xattr.ts';
import { isOpaque, isWhiteout } from '../snapshots/unpack/overlay-marks.ts';
import { namesIn, openIfThere } from './pack.ts';
import type { PathChange } from './protocol.ts';

const nothing = cstring('');
const capability = cstring('security.capability');
const isDirectory = ({ mode }: Statx): boolean => (mode & FileType.MASK) === FileType.DIRECTORY;
const rawName = (name: string): Buffer => Buffer.from(`${name}\0`, 'latin1');

/** What the layers below have under one name: its status, its descriptor and, of a directory, all that make it up. */
interface Below {
	readonly status: Statx;
	readonly fds: readonly number[];
}

/**
 * Tells what an overlay's upper directory changes of those below, in the order of names, as Docker does: a directory
 * counts as modified when something in it is, or its owner or mode; what is new or gone with it is told of new ones only.
 */
export function walkChanges(upper: string, lower: readonly string[], tell: (change: PathChange) => void): void {
	const open = (path: string) => openat2(AT_FDCWD, cstring(path), { flags: Open.PATH | Open.DIRECTORY });
	const top = open(upper);
	const fds = lower.map(open);
	for (const change of changesBelow(top, fds, '')) tell(change);
	for (const fd of [top, ...fds]) close(fd);
}

function* changesBelow(directory: number, lower: readonly number[], path: string): Generator<PathChange> {
	const own = namesIn(directory);
	const hidden = isOpaque(directory) ? namesOf(lower).filter((name) => !own.includes(name)) : [];
	for (const name of [...own, ...hidden].sort((a, b) => (a < b ? -1 : 1))) {
		const below = lookup(lower, name);
		const fd = openIfThere(directory, rawName(name));
		try {
			const full = `${path}/${name}`;
			const status = fd === null ? null : lstatat(fd, nothing);
			if (fd === null || status === null || isWhiteout(status)) {
				if (below !== null) yield { path: shown(full), kind: 'deleted' };
			} else yield* changesAt(fd, status, below, full);
		} finally {
			if (fd !== null) close(fd);
			for (const each of below?.fds ?? []) close(each);
		}
	}
}

function* changesAt(fd: number, status: Statx, below: Below | null, path: string): Generator<PathChange> {
	const inside = (): Generator<PathChange> =>
		changesBelow(fd, below !== null && isDirectory(below.status) ? below.fds : [], path);
	if (below === null || differs(fd, status, below)) {
		yield { path: shown(path), kind: below === null ? 'added' : 'modified' };
		if (isDirectory(status)) yield* inside();
		return;
	}
	if (!isDirectory(status)) return;
	let told = false;
	for (const change of inside()) {
		if (!told) yield { path: shown(path), kind: 'modified' };
		told = true;
		yield change;
	}
}

/** Size and time say little of a directory. Some filesystems keep whole seconds only. */
function differs(fd: number, now: Statx, { status: before, fds }: Below): boolean {
	if (now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid) return true;
	if (now.rdevMajor !== before.rdevMajor || now.rdevMinor !== before.rdevMinor) return true;
	if (!isDirectory(now)) {
		if (now.size !== before.size || !sameTime(now.mtime, before.mtime)) return true;
	}
	return !capabilityOf(fd).equals(capabilityOf(fds[0] ?? -1));
}

const billion = 1_000_000_000n;

function sameTime(a: bigint, b: bigint): boolean {
	return a === b || (a / billion === b / billion && (a % billion === 0n || b % billion === 0n));
}

function capabilityOf(fd: number): Buffer {
	try {
		return getXattr(fd, capability);
	} catch (error) {
		const none: readonly number[] = [Errno.ENODATA, Errno.EOPNOTSUPP, Errno.ENOENT];
		if (error instanceof SyscallError && none.includes(error.errno)) return Buffer.alloc(0);
		throw error;
	}
}

/** What the merged lower directories show under a name; null for nothing. The caller closes its descriptors. */
function lookup(lower: readonly number[], name: string): Below | null {
	let found: Statx | null = null;
	const fds: number[] = [];
	for (const directory of lower) {
		const fd = openIfThere(directory, rawName(name));
		if (fd === null) continue;
		const status = lstatat(fd, nothing);
		// A directory goes on in the layers below, as far as there are directories and none hides the rest.
		if (isWhiteout(status) || (found !== null && !isDirectory(status))) {
			close(fd);
			break;
		}
		found ??= status;
		fds.push(fd);
		if (!isDirectory(status) || isOpaque(fd)) break;
	}
	return found === null ? null : { status: found, fds };
}

function namesOf(lower: readonly number[]): string[] {
	return [...new Set(lower.flatMap(namesIn))];
}

const shown = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');
