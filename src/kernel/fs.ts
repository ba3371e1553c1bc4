import { bindLibc, check, Errno, errno, FFIType, SyscallError } from './libc.ts';

const { i32, u32, u64, i64, ptr } = FFIType;

const libc = bindLibc({
	syscall: { args: [i64, i32, ptr, ptr, u64], returns: i32 },
	mkdirat: { args: [i32, ptr, u32], returns: i32 },
	mknodat: { args: [i32, ptr, u32, u64], returns: i32 },
	linkat: { args: [i32, ptr, i32, ptr, i32], returns: i32 },
	symlinkat: { args: [ptr, i32, ptr], returns: i32 },
	unlinkat: { args: [i32, ptr, i32], returns: i32 },
	renameat2: { args: [i32, ptr, i32, ptr, u32], returns: i32 },
	fchownat: { args: [i32, ptr, u32, u32, i32], returns: i32 },
	fchmodat: { args: [i32, ptr, u32, i32], returns: i32 },
	fchown: { args: [i32, u32, u32], returns: i32 },
	fchmod: { args: [i32, u32], returns: i32 },
	utimensat: { args: [i32, ptr, ptr, i32], returns: i32 },
	futimens: { args: [i32, ptr], returns: i32 },
	statx: { args: [i32, ptr, i32, u32, ptr], returns: i32 },
	write: { args: [i32, ptr, u64], returns: i64 },
	close: { args: [i32], returns: i32 },
	readlinkat: { args: [i32, ptr, ptr, u64], returns: i64 },
	syncfs: { args: [i32], returns: i32 },
});

const arm64 = process.arch === 'arm64';

/** Flags of open. The last two differ between x86-64 and arm64. */
export const Open = {
	RDONLY: 0,
	WRONLY: 1,
	CREAT: 0o100,
	EXCL: 0o200,
	CLOEXEC: 0o2000000,
	PATH: 0o10000000,
	NONBLOCK: 0o4000,
	DIRECTORY: arm64 ? 0o40000 : 0o200000,
	NOFOLLOW: arm64 ? 0o100000 : 0o400000,
} as const;

/** Flags of openat2's `resolve`. */
export const Resolve = { NO_MAGICLINKS: 0x02, BENEATH: 0x08, IN_ROOT: 0x10 } as const;

export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const AT_REMOVEDIR = 0x200;
const SYS_openat2 = 437;

/** File type bits of a mode. */
export const FileType = {
	MASK: 0o170000,
	FIFO: 0o010000,
	CHARACTER: 0o020000,
	DIRECTORY: 0o040000,
	BLOCK: 0o060000,
	REGULAR: 0o100000,
	SYMLINK: 0o120000,
	SOCKET: 0o140000,
} as const;

/** A NUL-terminated name, as `cstring` makes it. */
export type CString = Buffer;

/** `path` for messages, without the NUL. */
const shown = (path: CString): string => JSON.stringify(path.toString('utf8', 0, path.length - 1));

const how = new BigUint64Array(3);

/** What an open asks for: `flags` of {@link Open}, `resolve` of {@link Resolve}, `mode` of a file that is created. */
export interface OpenHow {
	readonly flags: number;
	readonly resolve?: number;
	readonly mode?: number;
}

/** openat2(2): a new descriptor, close-on-exec. Tries again when a rename elsewhere disturbed the resolution. */
export function openat2(directory: number, path: CString, { flags, resolve = 0, mode = 0 }: OpenHow): number {
	how[0] = BigInt(flags | Open.CLOEXEC);
	how[1] = BigInt(mode);
	how[2] = BigInt(resolve);
	for (let attempt = 0; ; attempt++) {
		const fd = libc().syscall(SYS_openat2, directory, path, how, 24);
		if (fd >= 0) return fd;
		const error = errno();
		if ((error !== Errno.EAGAIN && error !== Errno.EINTR) || attempt >= 1000) {
			throw new SyscallError('openat2', error, shown(path));
		}
	}
}

export function close(fd: number): void {
	check(libc().close(fd), 'close');
}

/** Writes all of `bytes`. */
export function writeAll(fd: number, bytes: Uint8Array): void {
	let rest = bytes;
	while (rest.length > 0) {
		const written = Number(libc().write(fd, rest, rest.length));
		if (written < 0) {
			const error = errno();
			if (error === Errno.EINTR) continue;
			throw new SyscallError('write', error);
		}
		rest = rest.subarray(written);
	}
}

export function mkdirat(directory: number, name: CString, mode: number): void {
	check(libc().mkdirat(directory, name, mode), 'mkdirat', shown(name));
}

/** `mode` with its file type. @throws `invalid_argument` for numbers over 12 bits (major) or 20 bits (minor). */
export function mknodat(directory: number, name: CString, mode: number, major: number, minor: number): void {
	if (major > 0xfff || minor > 0xfffff) throw new SyscallError('mknodat', Errno.EINVAL, shown(name));
	const device = (minor & 0xff) + major * 0x100 + (minor >>> 8) * 0x100000;
	check(libc().mknodat(directory, name, mode, device), 'mknodat', shown(name));
}

/** Links without following a symbolic link at the end of `from`. */
export function linkat(fromDirectory: number, from: CString, toDirectory: number, to: CString): void {
	check(libc().linkat(fromDirectory, from, toDirectory, to, 0), 'linkat', shown(to));
}

export function symlinkat(target: CString, directory: number, name: CString): void {
	check(libc().symlinkat(target, directory, name), 'symlinkat', shown(name));
}

export function unlinkat(directory: number, name: CString): void {
	check(libc().unlinkat(directory, name, 0), 'unlinkat', shown(name));
}

/** Removes an empty directory. */
export function rmdirat(directory: number, name: CString): void {
	check(libc().unlinkat(directory, name, AT_REMOVEDIR), 'rmdir', shown(name));
}

/** renameat2(2). `flags`: 1 no replace, 2 exchange. */
export function renameat2(fromDirectory: number, from: CString, toDirectory: number, to: CString, flags = 0): void {
	check(libc().renameat2(fromDirectory, from, toDirectory, to, flags), 'renameat2', shown(to));
}

/** Of the name itself, never of what a symbolic link points to. */
export function lchownat(directory: number, name: CString, uid: number, gid: number): void {
	check(libc().fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW), 'fchownat', shown(name));
}

/** Follows symbolic links: only for a name that the caller has just made. */
export function chmodat(directory: number, name: CString, mode: number): void {
	check(libc().fchmodat(directory, name, mode, 0), 'fchmodat', shown(name));
}

export function fchown(fd: number, uid: number, gid: number): void {
	check(libc().fchown(fd, uid, gid), 'fchown');
}

export function fchmod(fd: number, mode: number): void {
	check(libc().fchmod(fd, mode), 'fchmod');
}

const times = new BigInt64Array(4);
const billion = 1_000_000_000n;

function setTimes(mtime: bigint): void {
	const nanoseconds = ((mtime % billion) + billion) % billion;
	times[0] = times[2] = (mtime - nanoseconds) / billion;
	times[1] = times[3] = nanoseconds;
}

/** Access and modification time in nanoseconds since the epoch, of the name itself. */
export function lutimesat(directory: number, name: CString, mtime: bigint): void {
	setTimes(mtime);
	check(libc().utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW), 'utimensat', shown(name));
}

export function futimens(fd: number, mtime: bigint): void {
	setTimes(mtime);
	check(libc().futimens(fd, times), 'futimens');
}

/** Part of statx(2). `mtime` in nanoseconds since the epoch. */
export interface Statx {
	readonly mode: number;
	/** Names of the inode. */
	readonly links: number;
	/** The inode on its device: equal for two names of one file. */
	readonly inode: string;
	readonly uid: number;
	readonly gid: number;
	readonly size: bigint;
	readonly mtime: bigint;
	readonly rdevMajor: number;
	readonly rdevMinor: number;
	/** The path is the root of a mount. */
	readonly mountRoot: boolean;
}

const statxBuffer = Buffer.alloc(256);
const STATX_BASIC_STATS = 0x7ff;
const STATX_ATTR_MOUNT_ROOT = 0x2000n;

/** Of the name itself (an empty name: of the descriptor). */
export function lstatat(directory: number, name: CString): Statx {
	const flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	check(libc().statx(directory, name, flags, STATX_BASIC_STATS, statxBuffer), 'statx', shown(name));
	return {
		mode: statxBuffer.readUInt16LE(28),
		links: statxBuffer.readUInt32LE(16),
		inode: `${statxBuffer.readUInt32LE(136)}:${statxBuffer.readUInt32LE(140)}:${statxBuffer.readBigUInt64LE(32)}`,
		uid: statxBuffer.readUInt32LE(20),
		gid: statxBuffer.readUInt32LE(24),
		size: statxBuffer.readBigUInt64LE(40),
		mtime: statxBuffer.readBigInt64LE(112) * billion + BigInt(statxBuffer.readUInt32LE(120)),
		rdevMajor: statxBuffer.readUInt32LE(128),
		rdevMinor: statxBuffer.readUInt32LE(132),
		mountRoot: (statxBuffer.readBigUInt64LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0n,
	};
}

const linkTarget = Buffer.allocUnsafe(4096);

/** What a symbolic link says. `fd`: an `O_PATH` descriptor of the link. */
export function readLinkOf(fd: number): Buffer {
	const length = Number(libc().readlinkat(fd, Buffer.alloc(1), linkTarget, linkTarget.length));
	return Buffer.from(linkTarget.subarray(0, check(length, 'readlinkat')));
}

/** Writes back all of the filesystem that `fd` is on. Blocks. */
export function syncfs(fd: number): void {
	check(libc().syncfs(fd), 'syncfs');
}
