import { closeSync, constants, openSync } from 'node:fs';
import { bindLibc, Errno, errno, SyscallError, FFIType as T } from './libc.ts';

const libc = bindLibc({ flock: { args: [T.i32, T.i32], returns: T.i32 } });

const O_CLOEXEC = 0o2000000;
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Locks a file (made when it is not there) until the returned function is called or this process ends, however it ends.
 * null: another process has it. The file stays. @throws SyscallError
 */
export function lockFile(path: string): (() => void) | null {
	const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | O_CLOEXEC, 0o600);
	if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return () => closeSync(fd);
	const code = errno();
	closeSync(fd);
	if (code === Errno.EAGAIN) return null;
	throw new SyscallError('flock', code, path);
}
