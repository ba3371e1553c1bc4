import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TarHeaderInput, tarEnd, tarPadding, writeTarHeader } from '../../lib/tar/write.ts';
import { openRecords } from '../records/records.ts';
import { openSnapshotStore } from './store.ts';
import type { SnapshotStore, SnapshotStoreOptions } from './types.ts';

/** An entry of a test layer: `[name, body]` is a file. */
export type LayerItem = readonly [name: string, body: string] | (TarHeaderInput & { readonly body?: string });

/** The tar of a test layer. */
export function layerTar(items: readonly LayerItem[]): Buffer {
	const parts: Uint8Array[] = [];
	for (const item of items) {
		const header: TarHeaderInput = 'type' in item ? item : { name: item[0], type: 'file' };
		const body = Buffer.from('type' in item ? (item.body ?? '') : item[1]);
		parts.push(writeTarHeader({ ...header, size: body.length }), body, tarPadding(body.length));
	}
	return Buffer.concat([...parts, tarEnd]);
}

/** A snapshot store in a temporary place, for tests. */
export interface TestPlace extends AsyncDisposable {
	readonly folder: string;
	readonly errors: unknown[];
	readonly store: SnapshotStore;
	blob(bytes: Uint8Array): string;
	/** Closes the store and opens it again, as a restart does. */
	reopen(options?: Partial<SnapshotStoreOptions>): Promise<SnapshotStore>;
}

export function openTestPlace(options: Partial<SnapshotStoreOptions> = {}): TestPlace {
	const folder = mkdtempSync(join(tmpdir(), 'gantry-snapshots-'));
	const records = openRecords(join(folder, 'gantry.db'));
	const errors: unknown[] = [];
	let blobs = 0;
	const open = (more: Partial<SnapshotStoreOptions>): SnapshotStore =>
		openSnapshotStore({
			root: join(folder, 'root'),
			layerRecords: records.collection('layers'),
			snapshotRecords: records.collection('snapshots'),
			unpackCommand: [process.execPath, join(import.meta.dir, '../../main.ts'), 'unpack-layer'],
			onError: (error) => errors.push(error),
			...options,
			...more,
		});
	let store = open({});
	return {
		folder,
		errors,
		get store() {
			return store;
		},
		blob(bytes) {
			const path = join(folder, `blob${++blobs}`);
			writeFileSync(path, bytes);
			return path;
		},
		async reopen(more = {}) {
			await store.close();
			store = open(more);
			return store;
		},
		async [Symbol.asyncDispose]() {
			await store.snapshots.reconcile(new Set(), new Set());
			await store.close();
			records.close();
			rmSync(folder, { recursive: true });
		},
	};
}
