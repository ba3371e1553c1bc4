import { closeSync } from 'node:fs';
import { EngineError } from '../errors.ts';
import { bindLibc, check, Errno, errno, ptr, SyscallError, FFIType as T } from './libc.ts';

const libc = bindLibc({
	socket: { args: [T.i32, T.i32, T.i32], returns: T.i32 },
	bind: { args: [T.i32, T.ptr, T.u32], returns: T.i32 },
	listen: { args: [T.i32, T.i32], returns: T.i32 },
	accept4: { args: [T.i32, T.ptr, T.ptr, T.i32], returns: T.i32 },
	poll: { args: [T.ptr, T.u64, T.i32], returns: T.i32 },
	recvmsg: { args: [T.i32, T.ptr, T.i32], returns: T.i64 },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const POLLIN = 1;
/** `sun_path` holds 108 bytes with its NUL. */
export const maxUnixPath = 107;
const MSGHDR_SIZE = 56;
const CMSG_HEADER = 16;

/** Listens, non-blocking, on a unix socket. @throws SyscallError, `invalid_argument` when the path is too long. */
export function listenUnix(path: string): number {
	const name = Buffer.from(path, 'utf8');
	if (name.length > maxUnixPath || name.includes(0)) {
		throw new EngineError('invalid_argument', `not usable as the path of a unix socket: ${path}`);
	}
	const address = Buffer.alloc(2 + maxUnixPath + 1);
	address.writeUInt16LE(AF_UNIX, 0);
	name.copy(address, 2);
	const fd = check(libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket');
	try {
		check(libc().bind(fd, ptr(address), 2 + name.length + 1), 'bind', path);
		check(libc().listen(fd, 1), 'listen', path);
	} catch (error) {
		closeSync(fd);
		throw error;
	}
	return fd;
}

/** Takes a connection; null when there is none yet. Never waits. @throws SyscallError */
export function acceptConnection(listener: number): number | null {
	const connection = libc().accept4(listener, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (connection >= 0) return connection;
	const code = errno();
	if (code === Errno.EAGAIN || code === Errno.EINTR) return null;
	throw new SyscallError('accept4', code);
}

/**
 * Takes the descriptor that a peer sends (an OCI runtime over its `--console-socket`); null when it did not yet. A runtime
 * connects long before it sends. Never waits.
 * @throws SyscallError, `unavailable` when the message carries none or the peer is gone.
 */
export function receiveFd(connection: number): number | null {
	const payload = new Uint8Array(4096);
	const control = new Uint8Array(64);
	const vector = new BigUint64Array([BigInt(ptr(payload)), BigInt(payload.length)]);
	const header = new DataView(new ArrayBuffer(MSGHDR_SIZE));
	header.setBigUint64(16, BigInt(ptr(vector)), true);
	header.setBigUint64(24, 1n, true);
	header.setBigUint64(32, BigInt(ptr(control)), true);
	header.setBigUint64(40, BigInt(control.length), true);
	if (Number(libc().recvmsg(connection, ptr(header.buffer), MSG_CMSG_CLOEXEC)) < 0) {
		const code = errno();
		if (code === Errno.EAGAIN || code === Errno.EINTR) return null;
		throw new SyscallError('recvmsg', code);
	}
	const message = new DataView(control.buffer);
	const rights = message.getInt32(8, true) === SOL_SOCKET && message.getInt32(12, true) === SCM_RIGHTS;
	if (header.getBigUint64(40, true) < BigInt(CMSG_HEADER + 4) || !rights) {
		throw new EngineError('unavailable', 'the message carries no file descriptor');
	}
	return message.getInt32(CMSG_HEADER, true);
}

/** Blocks this thread until the descriptor has something to read, for a few milliseconds at most. */
export function waitReadable(fd: number, milliseconds: number): void {
	libc().poll(ptr(new Int32Array([fd, POLLIN])), 1, milliseconds);
}
