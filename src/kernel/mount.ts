import { readFileSync } from 'node:fs';
import { bindLibc, check, cstring, Errno, errno, FFIType, SyscallError } from './libc.ts';

const { i32, u32, i64, u64, ptr } = FFIType;

const libc = bindLibc({
	mount: { args: [ptr, ptr, ptr, u64, ptr], returns: i32 },
	umount2: { args: [ptr, i32], returns: i32 },
});

/** Flags of mount(2). */
export const Mount = {
	RDONLY: 1,
	NOSUID: 2,
	NODEV: 4,
	NOEXEC: 8,
	SYNCHRONOUS: 16,
	REMOUNT: 32,
	MANDLOCK: 64,
	DIRSYNC: 128,
	NOATIME: 1024,
	NODIRATIME: 2048,
	BIND: 4096,
	MOVE: 8192,
	REC: 16384,
	UNBINDABLE: 1 << 17,
	PRIVATE: 1 << 18,
	SLAVE: 1 << 19,
	SHARED: 1 << 20,
	RELATIME: 1 << 21,
	STRICTATIME: 1 << 24,
} as const;

export interface MountRequest {
	/** A device, a folder, or a name for people. */
	readonly source?: string;
	readonly target: string;
	readonly type?: string;
	/** Of {@link Mount}. */
	readonly flags?: number;
	/** Options of the filesystem; less than a page. */
	readonly data?: string;
}

/** mount(2). @throws SyscallError. */
export function mount({ source = 'none', target, type, flags = 0, data }: MountRequest): void {
	const result = libc().mount(
		cstring(source),
		cstring(target),
		type === undefined ? null : cstring(type),
		flags,
		data === undefined ? null : cstring(data),
	);
	check(result, 'mount', target);
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/**
 * Unmounts what is on `target`. `busy`: what to do when it is in use; `detach` takes it out of the tree at once and lets
 * the kernel finish when the last user goes. False when nothing is mounted there, or when it is busy and `keep` was asked.
 */
export function unmount(target: string, busy: 'detach' | 'keep'): boolean {
	const path = cstring(target);
	if (libc().umount2(path, UMOUNT_NOFOLLOW) === 0) return true;
	const error = errno();
	if (error === Errno.EINVAL || error === Errno.ENOENT) return false;
	if (error !== Errno.EBUSY) throw new SyscallError('umount2', error, target);
	if (busy === 'keep') return false;
	check(libc().umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH), 'umount2', target);
	return true;
}

const CLONE_NEWNS = 0x20000;
const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const SYS_open_tree = 428;
const SYS_move_mount = 429;

const newer = bindLibc({
	unshare: { args: [i32], returns: i32 },
	syscall: { args: [i64, i64, ptr, i64, ptr, u32], returns: i32 },
});

/** Gives this thread a mount namespace of its own, which sees unmounts of the old one and passes nothing back. */
export function unshareMounts(): void {
	check(newer().unshare(CLONE_NEWNS), 'unshare', 'mount namespace');
	mount({ target: '/', flags: Mount.REC | Mount.SLAVE });
}

/** A copy of the mount at `path`, with those below it, that is nowhere yet: a descriptor for {@link moveMount}. */
export function cloneMount(path: string): number {
	const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
	return check(newer().syscall(SYS_open_tree, AT_FDCWD, cstring(path), flags, null, 0), 'open_tree', path);
}

/** Puts what {@link cloneMount} gave on `target`. */
export function moveMount(tree: number, target: string): void {
	const nothing = cstring('');
	const result = newer().syscall(SYS_move_mount, tree, nothing, AT_FDCWD, cstring(target), MOVE_MOUNT_F_EMPTY_PATH);
	check(result, 'move_mount', target);
}

/** Takes what is on `target` out of the tree without asking its server or waiting for its users. Nothing mounted is fine. */
export function detach(target: string): void {
	if (libc().umount2(cstring(target), UMOUNT_NOFOLLOW | MNT_DETACH) === 0) return;
	const error = errno();
	if (error !== Errno.EINVAL && error !== Errno.ENOENT) throw new SyscallError('umount2', error, target);
}

interface MountInfo {
	readonly path: string;
	/** How it spreads: `shared:1`, `master:2` …; none for a private one. Source: proc_pid_mountinfo(5). */
	readonly tags: readonly string[];
}

function mountInfo(): readonly MountInfo[] {
	const unescaped = (path: string): string =>
		path.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
	return readFileSync('/proc/self/mountinfo', 'utf8')
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => line.split(' '))
		.map((fields) => ({ path: unescaped(fields[4] ?? ''), tags: fields.slice(6, fields.indexOf('-', 6)) }));
}

/** Where something is mounted in this mount namespace, oldest first; a path is there once for each mount on it. */
export function mountPoints(): readonly string[] {
	return mountInfo().map(({ path }) => path);
}

/** The mount that a path, without symbolic links, is on. */
export function mountOf(path: string): MountInfo {
	const above = mountInfo().filter((one) => one.path === '/' || one.path === path || path.startsWith(`${one.path}/`));
	return above.reduce((best, one) => (one.path.length >= best.path.length ? one : best), { path: '/', tags: [] });
}
