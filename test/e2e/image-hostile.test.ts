import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import {
	buildImage,
	busyboxRootfs,
	dockerArchive,
	ociLayout,
	type TarEntry,
	tarOf,
	writeDockerArchive,
} from '../support/image-builder.ts';
import { startRegistryInside } from '../support/inside-registry.ts';

const gantryTest = test.skipIf(engineKind === 'dockerd');

let engine: TestEngine;
/** A directory of the host that layers try to get at. */
let outside: string;
beforeAll(async () => {
	engine = await startEngine();
	outside = join(engine.work, 'outside');
	mkdirSync(outside);
	writeFileSync(join(outside, 'secret'), 'secret');
});
afterAll(() => engine.close());

/** Nothing of any image is left below the data root. */
function expectNothingStored(): void {
	for (const folder of ['content/blobs/sha256', 'content/ingest', 'snapshots/l']) {
		expect(readdirSync(join(engine.root, 'data', folder))).toEqual([]);
	}
}

const loadLayer = (...entries: TarEntry[]) => {
	const file = join(engine.work, 'hostile.tar');
	writeDockerArchive(file, buildImage({ tars: [busyboxRootfs(), tarOf(entries)] }), 'hostile:1');
	return engine.docker('load', '-i', file);
};

const up = '../'.repeat(12);
const attacks: Record<string, (target: string) => TarEntry[]> = {
	'names with ..': (target) => [{ name: `${up.slice(0, 30)}${target.slice(1)}/new`, content: 'x' }],
	'an absolute name': (target) => [{ name: `${target}/new`, content: 'x' }],
	'an absolute symbolic link': (target) => [
		{ name: 'link', type: 'symlink', linkName: target },
		{ name: 'link/new', content: 'x' },
	],
	'a symbolic link with ..': (target) => [
		{ name: 'link', type: 'symlink', linkName: `${up}${target.slice(1)}` },
		{ name: 'link/new', content: 'x' },
	],
	'links of links': (target) => [
		{ name: 'one', type: 'symlink', linkName: '..' },
		{ name: 'two', type: 'symlink', linkName: `one/../..${target}` },
		{ name: 'two/new', content: 'x' },
	],
	'a file over a symbolic link': (target) => [
		{ name: 'link', type: 'symlink', linkName: `${target}/secret` },
		{ name: 'link', content: 'overwritten' },
	],
	'a hard link to the host': (target) => [
		{ name: 'hard', type: 'hardlink', linkName: `${target}/secret` },
		{ name: 'hard', content: 'overwritten' },
	],
	'a hard link with ..': (target) => [
		{ name: 'hard', type: 'hardlink', linkName: `${up.slice(0, 30)}${target.slice(1)}/secret` },
	],
	'a whiteout of the host': (target) => [{ name: `${up.slice(0, 30)}${target.slice(1)}/.wh.secret`, content: '' }],
};

for (const [name, attack] of Object.entries(attacks)) {
	gantryTest(`a layer does not get out: ${name}`, async () => {
		const result = await loadLayer(...attack(outside));
		// Some are refused, some land inside the root filesystem: none touches the host.
		expect(readdirSync(outside)).toEqual(['secret']);
		expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
		expect(lstatSync(join(outside, 'secret')).nlink).toBe(1);
		if (result.code === 0) {
			expect(await engine.ok('run', '--rm', 'hostile:1', 'sh', '-c', `cat ${outside}/secret 2>&1 || true`)).not.toBe(
				'secret',
			);
			await engine.ok('rmi', 'hostile:1');
		}
		expectNothingStored();
	});
}

gantryTest('an archive does not get out: names and links of its own', async () => {
	const config = '0'.repeat(64);
	const manifest = (layer: string) =>
		JSON.stringify([{ Config: `${config}.json`, RepoTags: ['x:1'], Layers: [layer] }]);
	const document = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } });
	const base: TarEntry[] = [{ name: `${config}.json`, content: document }];
	const archives: TarEntry[][] = [
		[...base, { name: 'manifest.json', content: manifest(`${up}etc/passwd`) }],
		[
			...base,
			{ name: 'layer.tar', type: 'symlink', linkName: '/etc/passwd' },
			{ name: 'manifest.json', content: manifest('layer.tar') },
		],
		[...base, { name: '../evil', content: 'x' }, { name: 'manifest.json', content: manifest('../evil') }],
		[
			...base,
			{ name: 'a', type: 'symlink', linkName: 'b' },
			{ name: 'b', type: 'symlink', linkName: 'a' },
			{ name: 'manifest.json', content: manifest('a') },
		],
	];
	const file = join(engine.work, 'archive.tar');
	for (const entries of archives) {
		writeFileSync(file, tarOf(entries));
		const result = await engine.docker('load', '-i', file);
		expect(result.code).toBe(1);
		expect(result.stderr).toContain('invalid image archive');
		expectNothingStored();
	}
});

gantryTest('archives cut short or damaged are refused, and leave nothing', async () => {
	const image = buildImage({ tars: [busyboxRootfs()], format: 'oci' });
	const file = join(engine.work, 'short.tar');
	for (const archive of [dockerArchive([{ image, tags: ['short:1'] }]), ociLayout([{ image, name: 'short:1' }])]) {
		const packed = gzipSync(archive, { level: 1 });
		const damaged = Buffer.from(packed);
		damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 64);
		for (const bytes of [
			archive.subarray(0, archive.length >> 1),
			archive.subarray(0, 700),
			packed.subarray(0, packed.length >> 1),
			damaged,
		]) {
			writeFileSync(file, bytes);
			const result = await engine.docker('load', '-i', file);
			expect(result.code).toBe(1);
			expect(result.stderr).not.toBe('');
			expectNothingStored();
		}
	}
	expect(await engine.ok('images', '-aq')).toBe('');
});

gantryTest('a registry that serves another layer than the manifest says: the digest is named', async () => {
	await using registry = await startRegistryInside(engine);
	const image = buildImage({ tars: [busyboxRootfs(), tarOf([{ name: 'a', content: 'right' }])] });
	const name = await registry.push(image, 'swapped', '1');
	const stored = (digest: string) => {
		const hex = digest.slice('sha256:'.length);
		return join(registry.directory, `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`);
	};
	const { digest } = image.layers[1]!.descriptor;
	const right = readFileSync(stored(digest));
	const flipped = Buffer.from(right);
	flipped[20] = (flipped[20] ?? 0) ^ 0xff;
	for (const wrong of [flipped, Buffer.alloc(right.length, 'no gzip at all')]) {
		writeFileSync(stored(digest), wrong);
		const result = await engine.docker('pull', name);
		expect(result.code).toBe(1);
		expect(result.stderr).toContain(`filesystem layer verification failed for digest ${digest}`);
		expectNothingStored();
	}
	// Another file in the same place and length: what a compromised store would serve.
	writeFileSync(stored(digest), right.subarray(0, right.length - 10));
	expect((await engine.docker('pull', name)).stderr).toContain(digest);
	expectNothingStored();
	writeFileSync(stored(digest), right);
	await engine.ok('pull', name);
	await engine.ok('rmi', name);
	expectNothingStored();
});

gantryTest('the data root is no way in: a layer with the names of the store', async () => {
	const store = join(engine.root, 'data/snapshots');
	await loadLayer(
		{ name: `${store}/l/evil`, content: 'x' },
		{ name: 'l', type: 'symlink', linkName: store },
		{ name: 'l/evil', content: 'x' },
	);
	expect(existsSync(join(store, 'l/evil'))).toBe(false);
	expect(existsSync(join(store, 'evil'))).toBe(false);
	await engine.docker('rmi', 'hostile:1');
	expectNothingStored();
});
