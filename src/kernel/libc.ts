import { dlopen, type FFIFunction, FFIType, type Library, ptr, read } from 'bun:ffi';
import { EngineError, type ErrorCode } from '../errors.ts';

/**
 * The one door to libc. Every other file of `kernel/` binds the few functions that it needs
 * through {@link bindLibc}, so that a role pays only for what it calls.
 */
const errnoLocation = dlopen('libc.so.6', { __errno_location: { args: [], returns: FFIType.ptr } }).symbols
	.__errno_location;

/** Binds functions of libc on first use. */
export function bindLibc<T extends Record<string, FFIFunction>>(functions: T): () => Library<T>['symbols'] {
	let bound: Library<T>['symbols'] | undefined;
	return () => {
		bound ??= dlopen('libc.so.6', functions).symbols;
		return bound;
	};
}

/** `errno` of the last failed call on this thread. Read it before anything else runs. */
export function errno(): number {
	const location = errnoLocation();
	return location === null ? 0 : read.i32(location, 0);
}

/** A NUL-terminated C string. Keep it referenced until the call returns. @throws `invalid_argument` on an inner NUL. */
export function cstring(text: string): Buffer {
	if (text.includes('\0')) throw new EngineError('invalid_argument', 'a path or name must not contain a NUL byte');
	return Buffer.from(`${text}\0`, 'utf8');
}

export { FFIType, ptr };

/** Linux errno numbers that this engine tells apart (x86-64 and arm64 agree on these). */
export const Errno = {
	EPERM: 1,
	ENOENT: 2,
	ESRCH: 3,
	EINTR: 4,
	EIO: 5,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EBUSY: 16,
	EEXIST: 17,
	EXDEV: 18,
	ENODEV: 19,
	ENOTDIR: 20,
	EISDIR: 21,
	EINVAL: 22,
	EMFILE: 24,
	EFBIG: 27,
	ENOSPC: 28,
	EROFS: 30,
	ECHILD: 10,
	ENAMETOOLONG: 36,
	ENOTEMPTY: 39,
	ELOOP: 40,
	ENODATA: 61,
	EOPNOTSUPP: 95,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	EDQUOT: 122,
} as const;

const errnoNames = new Map<number, string>(Object.entries(Errno).map(([name, value]) => [value, name]));

const codeByErrno = new Map<number, ErrorCode>([
	[Errno.ENOENT, 'not_found'],
	[Errno.EEXIST, 'conflict'],
	[Errno.EBUSY, 'conflict'],
	[Errno.EADDRINUSE, 'conflict'],
	[Errno.ENOSPC, 'exhausted'],
	[Errno.EDQUOT, 'exhausted'],
	[Errno.ENOMEM, 'exhausted'],
	[Errno.EMFILE, 'exhausted'],
	[Errno.EPERM, 'forbidden'],
	[Errno.EACCES, 'forbidden'],
	[Errno.EINVAL, 'invalid_argument'],
	[Errno.EOPNOTSUPP, 'unsupported'],
]);

/** A failed system call: the call, its subject and errno. */
export class SyscallError extends EngineError {
	constructor(
		readonly syscall: string,
		readonly errno: number,
		subject?: string,
	) {
		const name = errnoNames.get(errno) ?? `errno ${errno}`;
		super(codeByErrno.get(errno) ?? 'internal', `${syscall}${subject === undefined ? '' : ` ${subject}`}: ${name}`);
	}
}

/** Passes a result ≥ 0 on; throws {@link SyscallError} for -1. */
export function check(result: number, syscall: string, subject?: string): number {
	if (result >= 0) return result;
	throw new SyscallError(syscall, errno(), subject);
}
