import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainIdsOf } from '../../oci/chain-id.ts';
import { type Digest, parseDigest, sha256Digest } from '../../oci/digest.ts';
import type { Collection } from '../records/records.ts';
import { isMounted } from './overlay.ts';
import { type LayerItem, layerTar, openTestPlace, type TestPlace } from './test-layers.ts';
import type { LayerRecord, UnpackRequest } from './types.ts';

async function stack(place: TestPlace, ...layers: (readonly LayerItem[])[]): Promise<Digest> {
	let parent: Digest | null = null;
	for (const items of layers) {
		const request: UnpackRequest = { blob: place.blob(layerTar(items)), parent, diffId: null };
		parent = (await place.store.layers.unpack(request)).chainId;
	}
	return parent!;
}

function recordsInMemory(): [Map<string, LayerRecord>, Collection<LayerRecord>] {
	const records = new Map<string, LayerRecord>();
	return [
		records,
		{
			get: (id) => records.get(id),
			put: (id, value) => void records.set(id, value),
			delete: (id) => records.delete(id),
			list: () => [...records.values()],
		},
	];
}

/** What the image and the container put into a root: all but the places for the runtime's mounts. */
const contentOf = (path: string): string[] =>
	readdirSync(path)
		.filter((name) => !['.dockerenv', 'dev', 'etc', 'proc', 'sys'].includes(name))
		.sort();

const mountsBelow = (folder: string): string[] =>
	readFileSync('/proc/self/mounts', 'utf8')
		.split('\n')
		.filter((line) => line.includes(folder));

test('whiteouts and opaque folders hide what is below, through a real mount', async () => {
	await using place = openTestPlace();
	const top = await stack(
		place,
		[
			['a/one', '1'],
			['a/two', '2'],
			['b/old', 'x'],
			['c/old', 'x'],
			['d/old', 'x'],
			['e', 'x'],
		],
		[
			['a/.wh.one', ''],
			['b/before', '1'],
			['b/.wh..wh..opq', ''],
			['b/after', '2'],
			['.wh.c', ''],
			['c/new', '3'],
			['d/new', '4'],
			['.wh.d', ''],
			['.wh.e', ''],
			['.wh..wh.plnk', ''],
		],
	);
	await place.store.snapshots.create('box', top);
	const { path } = await place.store.snapshots.mount('box', { volatile: false });
	expect(contentOf(path)).toEqual(['a', 'b', 'c', 'd']);
	expect(readdirSync(join(path, 'a'))).toEqual(['two']);
	expect(readdirSync(join(path, 'b')).sort()).toEqual(['after', 'before']);
	// A whiteout speaks of the layers below, whatever its place in the tar.
	expect(readdirSync(join(path, 'd'))).toEqual(['new']);
	expect(readdirSync(join(path, 'c'))).toEqual(['new']);
});

test('a container writes into its own layer, over mounts and restarts', async () => {
	await using place = openTestPlace();
	const top = await stack(place, [['etc/motd', 'image']]);
	await place.store.snapshots.create('box', top);
	expect(place.store.snapshots.create('box', top)).rejects.toMatchObject({ code: 'conflict' });
	const { path } = await place.store.snapshots.mount('box', { volatile: false });
	expect(await place.store.snapshots.mount('box', { volatile: false })).toEqual(place.store.snapshots.describe('box')!);
	writeFileSync(join(path, 'etc/motd'), 'mine');
	await place.store.snapshots.unmount('box');
	await place.store.snapshots.unmount('box');
	expect(isMounted(path)).toBe(false);
	await place.reopen();
	await place.store.snapshots.mount('box', { volatile: false });
	expect(readFileSync(join(path, 'etc/motd'), 'utf8')).toBe('mine');
	const usage = await place.store.snapshots.usage('box');
	expect(usage.parents).toBe(5);
	expect(usage.own).toBe(4);
	expect(usage.own).toBeLessThan(65536);
});

test('an image without layers, a root with commas and colons', async () => {
	await using place = openTestPlace();
	const root = join(place.folder, 'odd,ro:ot');
	const store = await place.reopen({ root });
	await store.snapshots.create('box', null);
	const { path } = await store.snapshots.mount('box', { volatile: false });
	expect(readdirSync(path).sort()).toEqual(['.dockerenv', 'dev', 'etc', 'proc', 'sys']);
	expect(readdirSync(join(path, 'etc')).sort()).toEqual(['hostname', 'hosts', 'mtab', 'resolv.conf']);
	writeFileSync(join(path, 'x'), 'y');
	expect(readdirSync(store.snapshots.describe('box')!.upper)).toEqual(['x']);
});

test('130 layers mount', async () => {
	const [records, layerRecords] = recordsInMemory();
	await using place = openTestPlace({ layerRecords });
	let parent: Digest | null = null;
	for (let i = 0; i < 130; i++) {
		const chainId: Digest = parseDigest(`sha256:${String(i).padStart(64, '0')}`);
		const dir = (i + 1).toString(36);
		mkdirSync(join(place.folder, 'root/l', dir));
		writeFileSync(join(place.folder, 'root/l', dir, `f${i}`), '');
		records.set(chainId, { chainId, parent, diffId: chainId, size: 0, dir, released: false });
		parent = chainId;
	}
	await place.store.snapshots.create('deep', parent);
	const { path, lower } = await place.store.snapshots.mount('deep', { volatile: false });
	expect(lower).toHaveLength(131);
	expect(contentOf(path)).toHaveLength(130);
});

test('the layers of an image unpack side by side; one that fails takes those above with it', async () => {
	await using place = openTestPlace();
	const { layers } = place.store;
	const tars = ['one', 'two', 'three'].map((name) => layerTar([[name, name.repeat(500_000)]]));
	const diffIds = tars.map((tar) => sha256Digest(createHash('sha256').update(tar).digest('hex')));
	const chain = chainIdsOf(diffIds);
	const start = (i: number, tar: Uint8Array) =>
		layers.unpack({ blob: place.blob(tar), parent: chain[i - 1] ?? null, diffId: diffIds[i]! });
	const failing = await Promise.allSettled(tars.map((tar, i) => start(i, i === 0 ? tar.subarray(0, 4096) : tar)));
	expect(failing.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
	expect(layers.list()).toEqual([]);
	const done = await Promise.all(tars.map((tar, i) => start(i, tar)));
	expect(done.map((layer) => layer.chainId)).toEqual(chain);
	expect(layers.paths(chain[2]!)).toHaveLength(3);
	// A blob that came before the one below it.
	for (const chainId of chain) await layers.remove(chainId);
	expect(layers.list()).toEqual([]);
	const below = Promise.withResolvers<void>();
	const early = layers.unpack({
		blob: place.blob(tars[1]!),
		parent: chain[0]!,
		parentReady: () => below.promise,
		diffId: diffIds[1]!,
	});
	start(0, tars[0]!).then(() => below.resolve(), below.reject);
	expect((await early).chainId).toBe(chain[1]!);
	await expect(layers.unpack({ blob: '/x', parent: diffIds[2]!, diffId: null })).rejects.toMatchObject({
		code: 'not_found',
	});
});

test('removing while busy frees the name at once and deletes', async () => {
	await using place = openTestPlace();
	await place.store.snapshots.create('box', await stack(place, [['a', 'x']]));
	const { path } = await place.store.snapshots.mount('box', { volatile: false });
	const fd = openSync(join(path, 'a'), 'r');
	try {
		await place.store.snapshots.remove('box');
		expect(place.store.snapshots.describe('box')).toBeNull();
		await place.store.snapshots.create('box', null);
		expect(readdirSync(place.store.snapshots.describe('box')!.upper)).toEqual([]);
	} finally {
		closeSync(fd);
	}
	await place.reopen();
	expect(readdirSync(join(place.folder, 'root/trash'))).toEqual([]);
});

test('at boot: torn directories go, unknown containers go, what does not run is unmounted, what runs stays', async () => {
	await using place = openTestPlace();
	const top = await stack(place, [['a', 'x']]);
	for (const id of ['runs', 'stopped', 'gone']) {
		await place.store.snapshots.create(id, top);
		await place.store.snapshots.mount(id, { volatile: false });
	}
	const root = join(place.folder, 'root');
	mkdirSync(join(root, 'l/tmp-zz/sub'), { recursive: true });
	mkdirSync(join(root, 'trash/half'), { recursive: true });
	mkdirSync(join(root, 'containers/unrecorded/upper'), { recursive: true });
	// Containers are mounted: the private mount stays, and the next start does not stack another one.
	const store = await place.reopen();
	await store.snapshots.reconcile(new Set(['runs', 'stopped']), new Set(['runs']));
	expect(isMounted(join(root, 'containers/runs/merged'))).toBe(true);
	expect(isMounted(join(root, 'containers/stopped/merged'))).toBe(false);
	expect(readdirSync(join(root, 'containers')).sort()).toEqual(['runs', 'stopped']);
	expect(readdirSync(join(root, 'l'))).toHaveLength(1);
	expect(mountsBelow(root)).toHaveLength(2);
	await store.snapshots.unmount('runs');
	await store.close();
	expect(mountsBelow(root)).toEqual([]);
	expect(readdirSync(join(root, 'trash'))).toEqual([]);
	await place.reopen();
});

test('a layer stays while a container or a layer stands on it', async () => {
	await using place = openTestPlace();
	const { layers, snapshots } = place.store;
	const base = await stack(place, [['a', 'x']]);
	const blobPath = place.blob(layerTar([['b', 'y']]));
	const top = await layers.unpack({ blob: blobPath, parent: base, diffId: null });
	await snapshots.create('box', top.chainId);
	await layers.remove(base);
	await layers.remove(top.chainId);
	expect([layers.has(base), layers.has(top.chainId)]).toEqual([false, false]);
	expect(contentOf((await snapshots.mount('box', { volatile: false })).path)).toEqual(['a', 'b']);
	// Wanted again: nothing is unpacked, the blob is not even there.
	expect(await layers.unpack({ blob: '/nonexistent', parent: base, diffId: top.diffId })).toEqual(top);
	expect(layers.has(top.chainId)).toBe(true);
	await layers.remove(top.chainId);
	await snapshots.remove('box');
	expect(layers.list()).toEqual([]);
	expect(readdirSync(join(place.folder, 'root/l'))).toEqual([]);
});

test('the same layer asked for at once is unpacked once; the last to give up ends it', async () => {
	await using place = openTestPlace();
	const tar = layerTar([['a', 'x'.repeat(3_000_000)]]);
	const first = await place.store.layers.unpack({ blob: place.blob(tar), parent: null, diffId: null });
	await place.store.layers.remove(first.chainId);
	const controller = new AbortController();
	const request = { blob: place.blob(tar), parent: null, diffId: first.diffId };
	const given = place.store.layers.unpack({ ...request, signal: controller.signal });
	const kept = Promise.all([place.store.layers.unpack(request), place.store.layers.unpack(request)]);
	controller.abort();
	await expect(given).rejects.toMatchObject({ code: 'cancelled' });
	expect(await kept).toEqual([first, first]);
	expect(readdirSync(join(place.folder, 'root/l'))).toHaveLength(1);
	await place.store.layers.remove(first.chainId);
	const alone = new AbortController();
	const dropped = place.store.layers.unpack({ ...request, signal: alone.signal });
	alone.abort();
	await expect(dropped).rejects.toMatchObject({ code: 'cancelled' });
	expect(await place.store.layers.unpack(request)).toEqual(first);
});

test('a layer that a crash of the host may have torn is dropped', async () => {
	const [records, layerRecords] = recordsInMemory();
	await using place = openTestPlace({ layerRecords });
	const top = await stack(place, [['a', 'x']]);
	const path = place.store.layers.paths(top)[0]!;
	await place.reopen();
	expect(place.store.layers.has(top)).toBe(true);
	records.set(top, { ...records.get(top)!, unsyncedSince: 'another boot' });
	await place.reopen();
	expect(place.store.layers.has(top)).toBe(false);
	expect(existsSync(path)).toBe(false);
});

test('a volatile snapshot mounts again in the same life of the host, and is unmounted without a write-back', async () => {
	await using place = openTestPlace();
	await place.store.snapshots.create('box', null);
	for (const name of ['one', 'two']) {
		const { path } = await place.store.snapshots.mount('box', { volatile: true });
		writeFileSync(join(path, name), name);
		expect(
			readFileSync('/proc/self/mounts', 'utf8')
				.split('\n')
				.find((line) => line.includes(path)),
		).toContain('volatile');
		await place.store.snapshots.unmount('box');
	}
	const { path } = await place.store.snapshots.mount('box', { volatile: false });
	expect(contentOf(path)).toEqual(['one', 'two']);
	await place.store.snapshots.remove('box');
});

test('a lease keeps the root mounted past the end of a run, and mounts it for itself', async () => {
	await using place = openTestPlace();
	const { snapshots } = place.store;
	await snapshots.create('box', null);
	const { path } = await snapshots.mount('box', { volatile: false });
	const first = await snapshots.lease('box');
	await snapshots.unmount('box');
	expect(isMounted(path)).toBe(true);
	await first[Symbol.asyncDispose]();
	await first[Symbol.asyncDispose]();
	expect(isMounted(path)).toBe(false);
	const [second, third] = await Promise.all([snapshots.lease('box'), snapshots.lease('box')]);
	await second[Symbol.asyncDispose]();
	expect(isMounted(path)).toBe(true);
	await third[Symbol.asyncDispose]();
	expect(isMounted(path)).toBe(false);
});
