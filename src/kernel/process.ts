import { bindLibc, check, cstring, Errno, errno, ptr, SyscallError, FFIType as T } from './libc.ts';

const libc = bindLibc({
	posix_spawn: { args: [T.ptr, T.ptr, T.ptr, T.ptr, T.ptr, T.ptr], returns: T.i32 },
	posix_spawn_file_actions_init: { args: [T.ptr], returns: T.i32 },
	posix_spawn_file_actions_adddup2: { args: [T.ptr, T.i32, T.i32], returns: T.i32 },
	posix_spawn_file_actions_destroy: { args: [T.ptr], returns: T.i32 },
	posix_spawnattr_init: { args: [T.ptr], returns: T.i32 },
	posix_spawnattr_setflags: { args: [T.ptr, T.i16], returns: T.i32 },
	posix_spawnattr_setsigdefault: { args: [T.ptr, T.ptr], returns: T.i32 },
	posix_spawnattr_setsigmask: { args: [T.ptr, T.ptr], returns: T.i32 },
	wait4: { args: [T.i32, T.ptr, T.i32, T.ptr], returns: T.i32 },
	getsid: { args: [T.i32], returns: T.i32 },
	kill: { args: [T.i32, T.i32], returns: T.i32 },
	prctl: { args: [T.i32, T.u64, T.u64, T.u64, T.u64], returns: T.i32 },
	getrlimit: { args: [T.i32, T.ptr], returns: T.i32 },
});

const WNOHANG = 1;
const PR_SET_CHILD_SUBREAPER = 36;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
/** At least as large as glibc's opaque structures on x86-64 and arm64. */
const FILE_ACTIONS_SIZE = 128;
const SPAWN_ATTR_SIZE = 512;
const SIGSET_SIZE = 128;

/** A program to start. `stdio`: descriptors that become 0, 1 and 2 of it; everything else is close-on-exec. */
export interface SpawnRequest {
	readonly path: string;
	/** Including `argv[0]`. */
	readonly argv: readonly string[];
	readonly env: readonly string[];
	readonly stdio: readonly [number, number, number];
}

/** How a child ended: its exit code, or 128 + the signal. */
export interface ReapedChild {
	readonly pid: number;
	readonly code: number;
}

/**
 * Starts a child that belongs to the caller, not to Bun: reap it with {@link reapChild}. Signal handlers and mask are
 * reset in it. @throws SyscallError
 */
export function spawnProcess(request: SpawnRequest): number {
	const c = libc();
	const argv = pointerArray(request.argv);
	const env = pointerArray(request.env);
	const path = cstring(request.path);
	const actions = new Uint8Array(FILE_ACTIONS_SIZE);
	const attributes = resetSignals();
	const pid = new Int32Array(1);
	c.posix_spawn_file_actions_init(ptr(actions));
	for (const [target, fd] of request.stdio.entries()) {
		c.posix_spawn_file_actions_adddup2(ptr(actions), fd, target);
	}
	const code = c.posix_spawn(ptr(pid), ptr(path), ptr(actions), ptr(attributes), ptr(argv.table), ptr(env.table));
	c.posix_spawn_file_actions_destroy(ptr(actions));
	if (code !== 0) throw new SyscallError('posix_spawn', code, request.path);
	return argv.strings.length >= 0 ? (pid[0] ?? -1) : -1;
}

function resetSignals(): Uint8Array {
	const c = libc();
	const attributes = new Uint8Array(SPAWN_ATTR_SIZE);
	c.posix_spawnattr_init(ptr(attributes));
	c.posix_spawnattr_setsigdefault(ptr(attributes), ptr(new Uint8Array(SIGSET_SIZE).fill(0xff)));
	c.posix_spawnattr_setsigmask(ptr(attributes), ptr(new Uint8Array(SIGSET_SIZE)));
	c.posix_spawnattr_setflags(ptr(attributes), POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return attributes;
}

function pointerArray(texts: readonly string[]): { table: BigUint64Array; strings: Buffer[] } {
	const strings = texts.map(cstring);
	const table = new BigUint64Array(texts.length + 1);
	for (const [index, text] of strings.entries()) table[index] = BigInt(ptr(text));
	return { table, strings };
}

/** Reaps one child that has ended, any; null when there is none. Only for a process whose children are all its own, never Bun's. */
export function reapChild(): ReapedChild | null {
	const status = new Int32Array(1);
	const pid = libc().wait4(-1, ptr(status), WNOHANG, null);
	if (pid > 0) return { pid, code: exitCode(status[0] ?? 0) };
	if (pid === 0) return null;
	const code = errno();
	if (code === Errno.ECHILD || code === Errno.EINTR) return null;
	throw new SyscallError('wait4', code);
}

function exitCode(status: number): number {
	const signal = status & 0x7f;
	return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** Makes orphaned descendants children of this process. */
export function becomeSubreaper(): void {
	check(libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 'prctl', 'PR_SET_CHILD_SUBREAPER');
}

/** Sends a signal. Returns false when there is no such process. @throws SyscallError */
export function sendSignal(pid: number, signal: number): boolean {
	if (libc().kill(pid, signal) === 0) return true;
	const code = errno();
	if (code === Errno.ESRCH) return false;
	throw new SyscallError('kill', code, String(pid));
}

/** The session that a process is in; null when there is no such process. */
export function sessionOf(pid: number): number | null {
	const session = libc().getsid(pid);
	return session < 0 ? null : session;
}

/** Numbers of the `RLIMIT_*` resources by their OCI name. */
export const rlimitNumbers: Readonly<Record<string, number>> = {
	RLIMIT_CPU: 0,
	RLIMIT_FSIZE: 1,
	RLIMIT_DATA: 2,
	RLIMIT_STACK: 3,
	RLIMIT_CORE: 4,
	RLIMIT_RSS: 5,
	RLIMIT_NPROC: 6,
	RLIMIT_NOFILE: 7,
	RLIMIT_MEMLOCK: 8,
	RLIMIT_AS: 9,
	RLIMIT_LOCKS: 10,
	RLIMIT_SIGPENDING: 11,
	RLIMIT_MSGQUEUE: 12,
	RLIMIT_NICE: 13,
	RLIMIT_RTPRIO: 14,
	RLIMIT_RTTIME: 15,
};

/** This process's hard limit of a resource; `Infinity` for none. @throws SyscallError */
export function hardLimit(resource: number): number {
	const limits = new BigUint64Array(2);
	check(libc().getrlimit(resource, ptr(limits)), 'getrlimit', String(resource));
	const hard = limits[1] ?? 0n;
	return hard === 0xffffffffffffffffn ? Number.POSITIVE_INFINITY : Number(hard);
}
