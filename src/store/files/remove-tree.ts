import { type CString, close, FileType, lstatat, Open, openat2, rmdirat, unlinkat } from '../../kernel/fs.ts';
import { namesIn } from './pack.ts';

/** Removes what has that name, with all below it. Whoever changes the tree meanwhile cannot lead this elsewhere. */
export function removeTree(parent: number, name: CString): void {
	const status = lstatat(parent, name);
	if ((status.mode & FileType.MASK) !== FileType.DIRECTORY) {
		unlinkat(parent, name);
		return;
	}
	const fd = openat2(parent, name, { flags: Open.RDONLY | Open.DIRECTORY | Open.NOFOLLOW });
	try {
		for (const below of namesIn(fd)) removeTree(fd, Buffer.from(`${below}\0`, 'latin1'));
	} finally {
		close(fd);
	}
	rmdirat(parent, name);
}
