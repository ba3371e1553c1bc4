import { readFileSync } from 'node:fs';

/** Docker's names of filesystems where they are not the kernel's. */
const names: Readonly<Record<string, string>> = { ext2: 'extfs', ext3: 'extfs', ext4: 'extfs', overlay: 'overlayfs' };

/** How layers are stored below a directory, as name and value. */
export function storageStatus(directory: string): readonly (readonly [string, string])[] {
	const type = filesystemOf(directory);
	return [
		['Backing Filesystem', names[type] ?? type],
		// Without it no layer could be unpacked there: the kernel refuses such an upper directory.
		['Supports d_type', 'true'],
		// Every mount is made with these off.
		['Using metacopy', 'false'],
		['Native Overlay Diff', 'true'],
		['userxattr', 'false'],
	];
}

/** The kernel's name of the filesystem that a directory is on. */
function filesystemOf(directory: string): string {
	let best = { length: -1, type: 'unknown' };
	for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
		const [before = '', after = ''] = line.split(' - ');
		const point = (before.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_all, octal: string) =>
			String.fromCharCode(Number.parseInt(octal, 8)),
		);
		const inside = directory === point || directory.startsWith(point.endsWith('/') ? point : `${point}/`);
		// A later mount on the same point covers the earlier one.
		if (point !== '' && inside && point.length >= best.length) {
			best = { length: point.length, type: after.split(' ')[0] ?? '' };
		}
	}
	return best.type;
}
