import { readdir } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';

/** Opens a directory inside a root so that no symlink leads out of it; null when there is no such directory. */
export type OpenDirectoryIn = (root: string, path: string) => { readonly fd: number; close(): void } | null;

/**
 * Copies what the image has at a mount point into a volume that is still empty: content, owners, modes, times,
 * xattrs, hard links, and the owner and mode of the directory itself.
 */
export async function populateVolume(
	volume: string,
	rootfs: string,
	destination: string,
	openDirectoryIn: OpenDirectoryIn,
): Promise<void> {
	if ((await readdir(volume)).length > 0) return;
	const source = openDirectoryIn(rootfs, destination);
	if (source === null) return;
	try {
		const copy = Bun.spawn(['cp', '-a', '-T', '--reflink=auto', `/proc/${process.pid}/fd/${source.fd}/.`, volume], {
			stdin: 'ignore',
			stdout: 'ignore',
			stderr: 'pipe',
		});
		const [code, message] = await Promise.all([copy.exited, new Response(copy.stderr).text()]);
		if (code !== 0)
			throw new EngineError('internal', `copy the content of ${destination} into its volume: ${message.trim()}`);
	} finally {
		source.close();
	}
}
