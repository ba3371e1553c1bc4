import { bindLibc, check, ptr, FFIType as T } from './libc.ts';

const libc = bindLibc({
	pipe2: { args: [T.ptr, T.i32], returns: T.i32 },
	eventfd: { args: [T.u32, T.i32], returns: T.i32 },
	fcntl: { args: [T.i32, T.i32, T.i64], returns: T.i32 },
});

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;

/** Two ends of a pipe, both close-on-exec and blocking. */
export interface Pipe {
	readonly read: number;
	readonly write: number;
}

/** Makes a pipe. @throws SyscallError */
export function makePipe(): Pipe {
	const fds = new Int32Array(2);
	check(libc().pipe2(ptr(fds), O_CLOEXEC), 'pipe2');
	return { read: fds[0] ?? -1, write: fds[1] ?? -1 };
}

/** A counter that the kernel adds to and that is read as 8 bytes; close-on-exec and non-blocking. @throws SyscallError */
export function makeEventFd(): number {
	return check(libc().eventfd(0, O_CLOEXEC | O_NONBLOCK), 'eventfd');
}

/** Sets O_NONBLOCK. @throws SyscallError */
export function setNonBlocking(fd: number): void {
	const flags = check(libc().fcntl(fd, F_GETFL, 0), 'fcntl', 'F_GETFL');
	check(libc().fcntl(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl', 'F_SETFL');
}

/** Asks for a larger pipe buffer, in bytes; the kernel may refuse (a limit per user), which is fine. Returns whether it took. */
export function growPipe(fd: number, bytes: number): boolean {
	return libc().fcntl(fd, F_SETPIPE_SZ, bytes) >= 0;
}

/** A second descriptor, close-on-exec, of the same open file. @throws SyscallError */
export function duplicateFd(fd: number): number {
	return check(libc().fcntl(fd, F_DUPFD_CLOEXEC, 3), 'fcntl', 'F_DUPFD_CLOEXEC');
}
