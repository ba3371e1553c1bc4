import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { unmount } from '../../kernel/mount.ts';
import type { Digest } from '../../oci/digest.ts';
import { makeBaseLayer } from './base-layer.ts';
import { createContainerSnapshots } from './container-snapshots.ts';
import { diskUsage } from './disk-usage.ts';
import { openLayerStore } from './layers.ts';
import { makePrivateMount } from './overlay.ts';
import { openTrash } from './trash.ts';
import type { SnapshotStore, SnapshotStoreOptions, UnpackLimits } from './types.ts';

const defaultLimits: UnpackLimits = { maxUnpackedBytes: 64 * 1024 ** 3, maxEntries: 1_000_000 };

/**
 * Opens (or makes) the layers and the containers' snapshots below `root`. Deletions that an earlier daemon left
 * undone go on in the background; mounts are left alone until `reconcile`.
 */
export function openSnapshotStore(options: SnapshotStoreOptions): SnapshotStore {
	const root = resolve(options.root);
	// Layers hold setuid programs and containers' secrets: nobody else gets in by path.
	mkdirSync(root, { recursive: true, mode: 0o710 });
	const fresh = makePrivateMount(root);
	const trash = openTrash(join(root, 'trash'), options.onError);
	const base = join(root, 'base');
	makeBaseLayer(base);
	const store = openLayerStore({
		folder: join(root, 'l'),
		records: options.layerRecords,
		trash,
		unpackCommand: options.unpackCommand,
		concurrency: options.concurrency ?? availableParallelism(),
		limits: { ...defaultLimits, ...options.limits },
		inUse: (chainId: Digest) => options.snapshotRecords.list().some((record) => record.parent === chainId),
		onError: options.onError,
	});
	const snapshots = createContainerSnapshots({
		root,
		folder: join(root, 'containers'),
		base,
		records: options.snapshotRecords,
		layers: store.layers,
		trash,
		measure: options.measure ?? diskUsage,
		onReleased: store.collect,
	});
	return {
		layers: store.layers,
		snapshots,
		async close() {
			await store.close();
			await trash.idle();
			// Containers that run keep it busy; the next daemon takes it over.
			if (fresh || isBindOfFolder(root)) unmount(root, 'keep');
		},
	};
}

/** True when what is mounted on `path` is a folder of a filesystem, as our own private mount is, not a filesystem's root. */
function isBindOfFolder(path: string): boolean {
	const escaped = path.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
	return readFileSync('/proc/self/mountinfo', 'utf8')
		.split('\n')
		.map((line) => line.split(' '))
		.some((fields) => fields[4] === escaped && fields[3] !== '/');
}
