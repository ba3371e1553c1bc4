import { Mount } from '../../kernel/mount.ts';

/** Options of mount(8) as mount(2) takes them. */
export interface ParsedOptions {
	/** Flags of the filesystem. */
	readonly flags: number;
	/** How the mount is to spread; 0: as it comes. */
	readonly propagation: number;
	/** What only the filesystem understands. */
	readonly data: string;
}

const set: Readonly<Record<string, number>> = {
	ro: Mount.RDONLY,
	nosuid: Mount.NOSUID,
	nodev: Mount.NODEV,
	noexec: Mount.NOEXEC,
	sync: Mount.SYNCHRONOUS,
	dirsync: Mount.DIRSYNC,
	remount: Mount.REMOUNT,
	mand: Mount.MANDLOCK,
	noatime: Mount.NOATIME,
	nodiratime: Mount.NODIRATIME,
	bind: Mount.BIND,
	rbind: Mount.BIND | Mount.REC,
	relatime: Mount.RELATIME,
	strictatime: Mount.STRICTATIME,
};

const clear: Readonly<Record<string, number>> = {
	rw: Mount.RDONLY,
	suid: Mount.NOSUID,
	dev: Mount.NODEV,
	exec: Mount.NOEXEC,
	async: Mount.SYNCHRONOUS,
	nomand: Mount.MANDLOCK,
	atime: Mount.NOATIME,
	diratime: Mount.NODIRATIME,
	norelatime: Mount.RELATIME,
	nostrictatime: Mount.STRICTATIME,
	defaults: 0,
};

const spread: Readonly<Record<string, number>> = {
	unbindable: Mount.UNBINDABLE,
	runbindable: Mount.UNBINDABLE | Mount.REC,
	private: Mount.PRIVATE,
	rprivate: Mount.PRIVATE | Mount.REC,
	shared: Mount.SHARED,
	rshared: Mount.SHARED | Mount.REC,
	slave: Mount.SLAVE,
	rslave: Mount.SLAVE | Mount.REC,
};

/** `ro,noexec,size=10m` → flags and data. */
export function parseMountOptions(text: string): ParsedOptions {
	let flags = 0;
	let propagation = 0;
	const data: string[] = [];
	for (const word of text.split(',')) {
		if (word === '') continue;
		if (Object.hasOwn(set, word)) flags |= set[word] ?? 0;
		else if (Object.hasOwn(clear, word)) flags &= ~(clear[word] ?? 0);
		else if (Object.hasOwn(spread, word)) propagation |= spread[word] ?? 0;
		else data.push(word);
	}
	return { flags, propagation, data: data.join(',') };
}
