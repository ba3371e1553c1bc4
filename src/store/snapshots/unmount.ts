import { existsSync } from 'node:fs';
import { EngineError } from '../../errors.ts';
import { unmount } from '../../kernel/mount.ts';
import { isMounted, volatileMarker } from './overlay.ts';
import type { RootFilesystem } from './types.ts';

/**
 * Unmounts a container's root, lazily where it is busy; not mounted is fine. The kernel writes the upper layer's whole
 * filesystem back first, which takes as long as it takes: a process of its own waits for that, not this thread.
 * A volatile mount is not written back and goes at once.
 */
export async function unmountRoot({ path, work }: Pick<RootFilesystem, 'path' | 'work'>): Promise<void> {
	if (!isMounted(path)) return;
	if (existsSync(volatileMarker(work))) {
		unmount(path, 'detach');
		return;
	}
	const child = Bun.spawn(['umount', '--lazy', '--no-canonicalize', '--internal-only', path], {
		stdin: 'ignore',
		stdout: 'ignore',
		stderr: 'pipe',
	});
	const [code, message] = await Promise.all([child.exited, new Response(child.stderr).text()]);
	if (code !== 0 && isMounted(path)) throw new EngineError('internal', `unmount ${path}: ${message.trim()}`);
}
