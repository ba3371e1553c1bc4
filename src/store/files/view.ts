import { statSync } from 'node:fs';

import { AT_FDCWD, close, mkdirat, Open, openat2, Resolve } from '../../kernel/fs.ts';
import { cstring } from '../../kernel/libc.ts';
import { cloneMount, Mount, mount, moveMount, unmount, unshareMounts } from '../../kernel/mount.ts';
import { follow, isMissing, splitPath } from './paths.ts';
import type { View, ViewMount } from './protocol.ts';

const inRoot = Resolve.IN_ROOT | Resolve.NO_MAGICLINKS;

/** A container's files as this process sees them. */
export interface OpenView {
	/** Descriptor of the root, with all mounts in place. */
	readonly root: number;
	/** Whether `path`, free of links, is on a mount that takes no writes: on one of the mounts, or on the root itself. */
	readOnlyAt(path: string): 'mount' | 'root' | null;
}

/**
 * Moves this process into a mount namespace of its own, where the container's volumes and binds are mounted on its root
 * as in the container. All of it goes with the process.
 */
export function openView({ root, roots, readOnly, mounts }: View): OpenView {
	unshareMounts();
	const tree = cloneMount(root);
	// The roots of other containers are to be free for unmounting while this process lives.
	unmount(roots, 'detach');
	moveMount(tree, roots);
	close(tree);
	const fd = openat2(AT_FDCWD, cstring(roots), { flags: Open.PATH | Open.DIRECTORY });
	const placed: { readonly path: string; readonly writable: boolean }[] = [];
	for (const one of mounts) placed.push({ path: place(fd, one), writable: one.writable });
	// After the mounts: their places may have to be made.
	if (readOnly) mount({ target: roots, flags: Mount.REMOUNT | Mount.BIND | Mount.RDONLY });
	return {
		root: fd,
		readOnlyAt(path) {
			const on = placed.findLast((one) => path === one.path || path.startsWith(`${one.path}/`));
			if (on !== undefined) return on.writable ? null : 'mount';
			return readOnly ? 'root' : null;
		},
	};
}

/** Mounts one thing; gives its path free of links. */
function place(root: number, { source, destination, writable, recursive }: ViewMount): string {
	const isDirectory = statSync(source).isDirectory();
	const parts = splitPath(destination);
	const path = parts.join('/');
	const fd = isDirectory ? openOrMakeDirectory(root, parts) : openOrMakeFile(root, parts);
	try {
		mount({ source, target: procPath(fd), flags: Mount.BIND | (recursive ? Mount.REC : 0) });
	} finally {
		close(fd);
	}
	if (!writable) {
		const top = openat2(root, cstring(path), { flags: Open.PATH, resolve: inRoot });
		mount({ target: procPath(top), flags: Mount.REMOUNT | Mount.BIND | Mount.RDONLY });
		close(top);
	}
	return follow(root, `/${path}`);
}

const procPath = (fd: number): string => `/proc/self/fd/${fd}`;

function openOrMakeDirectory(root: number, parts: readonly string[]): number {
	const how = { flags: Open.PATH | Open.DIRECTORY, resolve: inRoot };
	const path = cstring(parts.length === 0 ? '.' : parts.join('/'));
	try {
		return openat2(root, path, how);
	} catch (error) {
		if (!isMissing(error)) throw error;
	}
	const parent = openOrMakeDirectory(root, parts.slice(0, -1));
	mkdirat(parent, cstring(parts.at(-1) ?? ''), 0o755);
	close(parent);
	return openat2(root, path, how);
}

function openOrMakeFile(root: number, parts: readonly string[]): number {
	const path = cstring(parts.join('/'));
	try {
		return openat2(root, path, { flags: Open.PATH, resolve: inRoot });
	} catch (error) {
		if (!isMissing(error)) throw error;
	}
	const parent = openOrMakeDirectory(root, parts.slice(0, -1));
	const name = cstring(parts.at(-1) ?? '');
	close(openat2(parent, name, { flags: Open.WRONLY | Open.CREAT | Open.EXCL | Open.NOFOLLOW, mode: 0o755 }));
	close(parent);
	return openat2(root, path, { flags: Open.PATH, resolve: inRoot });
}
