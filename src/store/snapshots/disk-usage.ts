import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes on disk below `folder`, as `du` counts: by blocks, a file with several names once. What vanishes meanwhile counts nothing. */
export async function diskUsage(folder: string): Promise<number> {
	const seen = new Set<bigint>();
	let bytes = 0;
	const visit = async (path: string, isDirectory: boolean): Promise<void> => {
		const status = await present(lstat(path, { bigint: true }));
		if (status === undefined) return;
		if (status.nlink > 1n && !isDirectory) {
			if (seen.has(status.ino)) return;
			seen.add(status.ino);
		}
		bytes += Number(status.blocks) * 512;
		if (!isDirectory) return;
		for (const entry of (await present(readdir(path, { withFileTypes: true }))) ?? []) {
			await visit(join(path, entry.name), entry.isDirectory());
		}
	};
	await visit(folder, true);
	return bytes;
}

async function present<T>(result: Promise<T>): Promise<T | undefined> {
	try {
		return await result;
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
			return undefined;
		throw error;
	}
}
