import { readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { Errno, SyscallError } from '../../kernel/libc.ts';
import { openPathIn } from '../../kernel/open-in-root.ts';

/** Where `path` leads inside `root` when its symbolic links are followed there; what is missing of it is kept as it is. */
export function resolveIn(root: string, path: string): string {
	const missing: string[] = [];
	for (let known = posix.normalize(path); known !== '/'; known = posix.dirname(known)) {
		const found = placeOf(root, known);
		if (found !== null) return posix.join(found, ...missing);
		missing.unshift(posix.basename(known));
	}
	return posix.join('/', ...missing);
}

function placeOf(root: string, path: string): string | null {
	let opened: ReturnType<typeof openPathIn>;
	try {
		opened = openPathIn(root, path);
	} catch (error) {
		const gone: number[] = [Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP];
		if (error instanceof SyscallError && gone.includes(error.errno)) return null;
		throw error;
	}
	try {
		const place = readlinkSync(`/proc/self/fd/${opened.fd}`);
		return place === root ? '/' : place.slice(root.length);
	} finally {
		opened.close();
	}
}
