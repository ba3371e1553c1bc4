import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../errors.ts';
import { Mount, mount, unmount } from '../../kernel/mount.ts';
import { openPathIn } from '../../kernel/open-in-root.ts';

/** Parts of volumes and images, each a bind mount `<folder>/<owner>/<index>`, and shared memory, `<folder>/<owner>/shm`. See the containers' port of the same name. */
export function createPinnedPaths(folder: string) {
	const namesIn = (path: string): readonly string[] => {
		try {
			return readdirSync(path);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
			throw error;
		}
	};
	const owners = (): readonly string[] => namesIn(folder);
	const shared = (owner: string): string => join(folder, owner, 'shm');
	return {
		/** A descriptor, not a name, is mounted: whoever writes below `root` cannot have something else mounted. */
		pin(owner: string, index: number, root: string, subpath: string): string {
			let found: ReturnType<typeof openPathIn>;
			try {
				found = openPathIn(root, subpath);
			} catch (error) {
				throw new EngineError('not_found', `cannot access path ${join(root, subpath)}: ${messageOf(error)}`, {
					cause: error,
				});
			}
			const place = join(folder, owner, String(index));
			try {
				mkdirSync(join(folder, owner), { recursive: true, mode: 0o711 });
				if (found.directory) mkdirSync(place, { recursive: true });
				else closeSync(openSync(place, 'a'));
				mount({ source: `/proc/self/fd/${found.fd}`, target: place, flags: Mount.BIND | Mount.REC });
			} finally {
				found.close();
			}
			return place;
		},
		share(owner: string, size: number): string {
			const place = shared(owner);
			mkdirSync(place, { recursive: true, mode: 0o711 });
			const flags = Mount.NOSUID | Mount.NODEV | Mount.NOEXEC;
			mount({ source: 'shm', target: place, type: 'tmpfs', flags, data: `mode=1777,size=${size}` });
			return place;
		},
		shared,
		unpin(owner: string): void {
			for (const name of namesIn(join(folder, owner))) {
				const place = join(folder, owner, name);
				while (unmount(place, 'detach'));
				// Never recursively: what is mounted there would go.
				removeEmpty(place);
			}
			if (owners().includes(owner)) rmdirSync(join(folder, owner));
		},
		owners,
	};
}

function removeEmpty(place: string): void {
	try {
		rmdirSync(place);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
		unlinkSync(place);
	}
}
