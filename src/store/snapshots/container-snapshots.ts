import { mkdirSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, wrap } from '../../errors.ts';
import { unmount } from '../../kernel/mount.ts';
import { createKeyedMutex } from '../../lib/keyed-mutex.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Collection } from '../records/records.ts';
import { isMounted, mountOverlay } from './overlay.ts';
import type { Trash } from './trash.ts';
import type { ContainerSnapshots, Layers, RootFilesystem, SnapshotRecord } from './types.ts';
import { unmountRoot } from './unmount.ts';

export interface ContainerSnapshotsOptions {
	readonly root: string;
	readonly folder: string;
	/** The lowest layer of all: see `makeBaseLayer`. */
	readonly base: string;
	readonly records: Collection<SnapshotRecord>;
	readonly layers: Layers;
	readonly trash: Trash;
	/** Bytes below a folder. */
	readonly measure: (folder: string) => Promise<number>;
	/** Told when nothing of a container stands on `parent` any more. */
	readonly onReleased: (parent: Digest | null) => void;
}

/** Snapshots of containers in `folder`, one directory each with `upper`, `work` and the mount point `merged`. */
export function createContainerSnapshots(options: ContainerSnapshotsOptions): ContainerSnapshots {
	const { root, folder, records, layers, trash } = options;
	mkdirSync(folder, { recursive: true, mode: 0o755 });

	/** What unmounting needs: it works without the layers, too. */
	const mountOf = ({ dir }: SnapshotRecord) => ({ path: join(folder, dir, 'merged'), work: join(folder, dir, 'work') });

	const directoriesOf = ({ dir, parent }: SnapshotRecord): RootFilesystem => ({
		path: join(folder, dir, 'merged'),
		lower: [...(parent === null ? [] : layers.paths(parent)), options.base],
		upper: join(folder, dir, 'upper'),
		work: join(folder, dir, 'work'),
	});

	const need = (containerId: string): SnapshotRecord => {
		const record = records.get(containerId);
		if (record === undefined)
			throw new EngineError('not_found', `the snapshot of container ${containerId} does not exist`);
		return record;
	};

	/** Containers whose root a run wants mounted, and how many others use it. */
	const runs = new Set<string>();
	const users = new Map<string, number>();
	// Unmounting takes a while: what comes meanwhile must not take the mount for one that stays.
	const mutex = createKeyedMutex();

	const unmountUnused = async (containerId: string): Promise<void> => {
		if (runs.has(containerId) || users.has(containerId)) return;
		const record = records.get(containerId);
		if (record !== undefined) await unmountRoot(mountOf(record));
	};

	const mounted = (containerId: string, volatile: boolean): RootFilesystem => {
		const filesystem = directoriesOf(need(containerId));
		if (!isMounted(filesystem.path)) mountOverlay(root, filesystem, { volatile });
		return filesystem;
	};

	const use = (containerId: string, change: 1 | -1): void => {
		const count = (users.get(containerId) ?? 0) + change;
		if (count === 0) users.delete(containerId);
		else users.set(containerId, count);
	};

	const discard = (dir: string): void => {
		unmount(join(folder, dir, 'merged'), 'detach');
		trash.take(join(folder, dir));
	};

	const remove = (record: SnapshotRecord): void => {
		// The record first: directories without one are discarded at the next start.
		unmount(join(folder, record.dir, 'merged'), 'detach');
		records.delete(record.containerId);
		discard(record.dir);
		options.onReleased(record.parent);
	};

	return {
		async create(containerId, parent) {
			if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerId)) {
				throw new EngineError('invalid_argument', `bad container id ${JSON.stringify(containerId)}`);
			}
			if (records.get(containerId) !== undefined) {
				throw new EngineError('conflict', `the snapshot of container ${containerId} exists`);
			}
			if (parent !== null) layers.paths(parent);
			// The record first: from here on the parent stays.
			records.put(containerId, { containerId, parent, dir: containerId });
			try {
				discard(containerId);
				await mkdir(join(folder, containerId), { mode: 0o755 });
				const names = ['upper', 'work', 'merged'];
				await Promise.all(names.map((name) => mkdir(join(folder, containerId, name), { mode: 0o755 })));
			} catch (error) {
				records.delete(containerId);
				throw wrap(error, 'create snapshot', containerId);
			}
		},
		mount: (containerId, { volatile }) =>
			mutex.run(containerId, async () => {
				const filesystem = mounted(containerId, volatile);
				runs.add(containerId);
				return filesystem;
			}),
		unmount: (containerId) =>
			mutex.run(containerId, async () => {
				runs.delete(containerId);
				await unmountUnused(containerId);
			}),
		lease: (containerId) =>
			mutex.run(containerId, async () => {
				const filesystem = mounted(containerId, false);
				use(containerId, 1);
				let given = true;
				return {
					filesystem,
					[Symbol.asyncDispose]: () =>
						mutex.run(containerId, async () => {
							if (!given) return;
							given = false;
							use(containerId, -1);
							await unmountUnused(containerId);
						}),
				};
			}),
		remove: (containerId) =>
			mutex.run(containerId, async () => {
				const record = records.get(containerId);
				if (record === undefined) return;
				runs.delete(containerId);
				await unmountRoot(mountOf(record));
				remove(record);
			}),
		describe(containerId) {
			const record = records.get(containerId);
			return record === undefined ? null : directoriesOf(record);
		},
		async usage(containerId) {
			const record = need(containerId);
			const { upper } = directoriesOf(record);
			const sizes = new Map(layers.list().map((layer) => [layer.chainId, layer]));
			let parents = 0;
			for (let next = record.parent; next !== null; ) {
				const layer = sizes.get(next);
				parents += layer?.size ?? 0;
				next = layer?.parent ?? null;
			}
			return { own: await options.measure(upper), parents };
		},
		async reconcile(known, running) {
			const recorded = new Set<string>();
			for (const record of records.list()) {
				if (!known.has(record.containerId)) remove(record);
				else {
					recorded.add(record.dir);
					if (running.has(record.containerId)) runs.add(record.containerId);
					else await unmountRoot(mountOf(record));
				}
			}
			for (const dir of readdirSync(folder)) if (!recorded.has(dir)) discard(dir);
		},
	};
}
