import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { EngineError, wrap } from '../../errors.ts';
import { AT_FDCWD, lstatat } from '../../kernel/fs.ts';
import { cstring } from '../../kernel/libc.ts';
import { Mount, mount } from '../../kernel/mount.ts';
import type { RootFilesystem } from './types.ts';

/** The kernel takes options of less than a page. */
const maxOptions = 4095;
const special = /[,:\\]/;

// Kernels may be built with other defaults: upper layers must hold whole files and plain names, so that they can be
// read as a difference, and must mount over any lower layers.
const switches = ['index', 'redirect_dir', 'metacopy']
	.filter((name) => existsSync(`/sys/module/overlay/parameters/${name}`))
	.map((name) => `${name}=off`);

/** True when `path` is the root of a mount. Missing is false. */
export function isMounted(path: string): boolean {
	try {
		return lstatat(AT_FDCWD, cstring(path)).mountRoot;
	} catch (error) {
		if (error instanceof EngineError && error.code === 'not_found') return false;
		throw error;
	}
}

/** What the kernel leaves in the work directory of a volatile overlay, to refuse the next mount. */
export function volatileMarker(work: string): string {
	return `${work}/work/incompat/volatile`;
}

/**
 * Mounts an overlay whose directories all lie below `root`. `volatile`: nothing of it is to outlive a loss of power, so
 * that the kernel need not write it back; ignored by kernels before 5.10.
 * @throws `unsupported` when there are too many layers.
 */
export function mountOverlay(root: string, filesystem: RootFilesystem, { volatile }: { volatile: boolean }): void {
	// Left by an earlier mount. That the host went down since then is no matter: what was volatile is removed, not mounted, then.
	rmSync(volatileMarker(filesystem.work), { recursive: true, force: true });
	if (!volatile) mountWith(root, filesystem, switches);
	else if (!mountedVolatile(root, filesystem)) mountWith(root, filesystem, switches);
}

/** False when the kernel does not know the option. */
function mountedVolatile(root: string, filesystem: RootFilesystem): boolean {
	try {
		mountWith(root, filesystem, [...switches, 'volatile']);
		return true;
	} catch (error) {
		if (error instanceof EngineError && error.code === 'invalid_argument') return false;
		throw error;
	}
}

function mountWith(root: string, filesystem: RootFilesystem, more: readonly string[]): void {
	const options = (path: (absolute: string) => string): string =>
		[
			`lowerdir=${filesystem.lower.map(path).join(':')}`,
			`upperdir=${path(filesystem.upper)}`,
			`workdir=${path(filesystem.work)}`,
			...more,
		].join(',');
	const plain = options((path) => path);
	if (plain.length <= maxOptions && !special.test(root)) {
		attach(filesystem.path, plain);
		return;
	}
	// Through a descriptor of the root: short, and free of characters that mean something to overlay.
	const fd = openSync(root, 'r');
	try {
		const short = options((path) => `/proc/self/fd/${fd}/${relative(root, path)}`);
		if (short.length > maxOptions) {
			throw new EngineError('unsupported', `an image of ${filesystem.lower.length} layers is too much for overlay`);
		}
		attach(filesystem.path, short);
	} finally {
		closeSync(fd);
	}
}

function attach(target: string, data: string): void {
	try {
		mount({ source: 'overlay', target, type: 'overlay', data, flags: 0 });
	} catch (error) {
		throw wrap(error, 'mount the root filesystem', target);
	}
}

/**
 * Makes `root` a mount of its own that passes nothing on, so that containers' mounts neither spread to other
 * namespaces nor are slowed down by it. True when it was not one before.
 */
export function makePrivateMount(root: string): boolean {
	const fresh = !isMounted(root);
	if (fresh) mount({ source: root, target: root, flags: Mount.BIND });
	mount({ target: root, flags: Mount.PRIVATE });
	return fresh;
}
