import { SyscallError } from '../../kernel/libc.ts';
import { Mount, mount } from '../../kernel/mount.ts';
import { parseMountOptions } from './mount-options.ts';

/** One mount as mount(8) would be told of it. */
export interface MountJob {
	readonly device: string;
	readonly target: string;
	readonly type: string;
	readonly options: string;
}

/** errno → what people read; others show their number. */
const words: Readonly<Record<number, string>> = {
	1: 'operation not permitted',
	2: 'no such file or directory',
	5: 'input/output error',
	6: 'no such device or address',
	12: 'cannot allocate memory',
	13: 'permission denied',
	15: 'block device required',
	16: 'device or resource busy',
	19: 'no such device',
	20: 'not a directory',
	22: 'invalid argument',
	30: 'read-only file system',
	40: 'too many levels of symbolic links',
	101: 'network is unreachable',
	110: 'connection timed out',
	111: 'connection refused',
	113: 'no route to host',
};

/** The kernel takes options of less than a page. */
const longestData = 4095;
const readOnlyBind = Mount.BIND | Mount.RDONLY;

/**
 * Mounts; null when it is done, else the sentence that dockerd has for it. What was mounted before a later step failed
 * is the caller's to unmount. Blocks as long as the kernel does.
 */
export function mountDevice(job: MountJob): string | null {
	const { device, target, type } = job;
	const { flags, propagation, data } = parseMountOptions(job.options);
	const attempt = (name: string, source: string, wanted: number, options: string): string | null => {
		try {
			mount({ source, target, type, flags: wanted, data: options });
			return null;
		} catch (error) {
			if (!(error instanceof SyscallError)) throw error;
			const details = `${wanted === 0 ? '' : `, flags: 0x${wanted.toString(16)}`}${options === '' ? '' : `, data: ${options}`}`;
			const where = source === '' ? target : `${source}:${target}`;
			return `${name} ${where}${details}: ${words[error.errno] ?? `errno ${error.errno}`}`;
		}
	};
	// The kernel would cut them off without a word.
	if (Buffer.byteLength(data) > longestData) return `mount ${device}:${target}: invalid argument`;
	const failure = attempt('mount', device, flags, data);
	if (failure !== null) return failure;
	if (propagation !== 0) {
		const spreading = attempt('remount', '', propagation, '');
		if (spreading !== null) return spreading;
	}
	// A bind takes no notice of `ro` until it is mounted again.
	if ((flags & readOnlyBind) !== readOnlyBind) return null;
	return attempt('remount-ro', '', flags | Mount.REMOUNT, '');
}
