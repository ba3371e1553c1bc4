import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { wrap } from '../../errors.ts';

/** A folder whose contents are being deleted. */
export interface Trash {
	/** Takes a path away at once; it is deleted in the background, after a crash at the next start. Missing is fine. */
	take(path: string): void;
	/** Waits for the deletions under way. */
	idle(): Promise<void>;
}

/** Opens the trash and goes on deleting what is in it. `folder` must be on the filesystem of what it takes. */
export function openTrash(folder: string, onError: (error: unknown) => void): Trash {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const underWay = new Set<Promise<void>>();
	let taken = 0;

	const start = (path: string): void => {
		const deletion: Promise<void> = rm(path, { recursive: true, force: true })
			.catch((error: unknown) => onError(wrap(error, 'delete', path)))
			.finally(() => underWay.delete(deletion));
		underWay.add(deletion);
	};

	for (const name of readdirSync(folder)) start(join(folder, name));
	return {
		take(path) {
			const target = join(folder, `${Date.now().toString(36)}-${process.pid}-${++taken}`);
			try {
				renameSync(path, target);
			} catch (error) {
				if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
				throw wrap(error, 'discard', path);
			}
			start(target);
		},
		async idle() {
			while (underWay.size > 0) await Promise.all(underWay);
		},
	};
}
