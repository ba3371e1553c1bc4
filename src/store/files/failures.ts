import { EngineError, type ErrorCode } from '../../errors.ts';
import { Errno, SyscallError } from '../../kernel/libc.ts';

/** What the kernel refuses because of what the sender named, or for want of space: the system's words, and whose doing it is. */
const refusals: ReadonlyMap<number, readonly [ErrorCode, string]> = new Map([
	[Errno.ENOSPC, ['exhausted', 'no space left on device']],
	[Errno.EDQUOT, ['exhausted', 'disk quota exceeded']],
	[Errno.ENAMETOOLONG, ['invalid_argument', 'file name too long']],
	[Errno.ELOOP, ['invalid_argument', 'too many levels of symbolic links']],
	[Errno.ENOTDIR, ['invalid_argument', 'not a directory']],
	[Errno.EFBIG, ['invalid_argument', 'file too large']],
	[Errno.EROFS, ['forbidden', 'read-only file system']],
]);

/** A failed system call on a container's files, for the one who asked; anything else as it is. */
export function explained(error: unknown): unknown {
	if (!(error instanceof SyscallError)) return error;
	const refusal = refusals.get(error.errno);
	if (refusal === undefined) return error;
	const [code, words] = refusal;
	return new EngineError(code, error.message.replace(/: [^:]*$/, `: ${words}`), { cause: error });
}
