import { closeSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What every container has, whatever its image lacks: Docker's init layer. */
const directories = ['dev', 'dev/pts', 'dev/shm', 'etc', 'proc', 'sys'];
const files = ['.dockerenv', 'dev/console', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf'];

/**
 * Fills `folder`, the lowest layer of all containers: the places where the runtime mounts things. As they are there,
 * nothing makes them in a container's own layer, where they would count as changes that the container made.
 */
export function makeBaseLayer(folder: string): void {
	for (const name of ['', ...directories]) mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
	for (const name of files) closeSync(openSync(join(folder, name), 'a', 0o755));
	try {
		symlinkSync('/proc/mounts', join(folder, 'etc/mtab'));
	} catch (error) {
		if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
	}
}
