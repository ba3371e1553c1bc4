import { AT_FDCWD, close, FileType, lstatat } from '../../kernel/fs.ts';
import { cstring } from '../../kernel/libc.ts';
import { namesIn, openIfThere } from '../files/pack.ts';

const nothing = cstring('');

/**
 * Bytes of the files below a folder, as Docker counts: by length, a file with several names once, directories nothing.
 * What vanishes meanwhile counts nothing.
 */
export async function diskUsage(folder: string): Promise<number> {
	const seen = new Set<string>();
	const below = (directory: number): number => {
		let bytes = 0;
		for (const base of namesIn(directory)) {
			const fd = openIfThere(directory, Buffer.from(`${base}\0`, 'latin1'));
			if (fd === null) continue;
			try {
				const { mode, links, inode, size } = lstatat(fd, nothing);
				if ((mode & FileType.MASK) === FileType.DIRECTORY) bytes += below(fd);
				else if (links === 1 || !seen.has(inode)) {
					if (links > 1) seen.add(inode);
					bytes += Number(size);
				}
			} finally {
				close(fd);
			}
		}
		return bytes;
	};
	const root = openIfThere(AT_FDCWD, cstring(folder));
	if (root === null) return 0;
	try {
		return below(root);
	} finally {
		close(root);
	}
}
