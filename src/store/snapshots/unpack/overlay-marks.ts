import { FileType, type Statx } from '../../../kernel/fs.ts';
import { cstring, Errno, SyscallError } from '../../../kernel/libc.ts';
import { getXattr, lsetxattr } from '../../../kernel/xattr.ts';

const opaqueName = cstring('trusted.overlay.opaque');
const opaqueValue = Buffer.from('y');

/** Hides what the layers below have in a directory. */
export function markOpaque(directory: number): void {
	lsetxattr(cstring(`/proc/self/fd/${directory}/.`), opaqueName, opaqueValue);
}

/** True for overlay's mark of a removed name: a character device 0:0. */
export function isWhiteout({ mode, rdevMajor, rdevMinor }: Pick<Statx, 'mode' | 'rdevMajor' | 'rdevMinor'>): boolean {
	return (mode & FileType.MASK) === FileType.CHARACTER && rdevMajor === 0 && rdevMinor === 0;
}

/** True for a failed system call with that errno. */
export function isErrno(error: unknown, number: number): boolean {
	return error instanceof SyscallError && error.errno === number;
}

/** True for a directory that hides what the layers below have in it. `fd` may be an `O_PATH` one. */
export function isOpaque(fd: number): boolean {
	try {
		return getXattr(fd, opaqueName).equals(opaqueValue);
	} catch (error) {
		if (isErrno(error, Errno.ENODATA) || isErrno(error, Errno.EOPNOTSUPP)) return false;
		throw error;
	}
}
