import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
	type BuiltImage,
	buildImage,
	buildIndex,
	digestOf,
	dockerArchive,
	jsonBlob,
	ociLayout,
	tarOf,
} from '../../../test/support/image-builder.ts';
import { haveRegistry, startRegistry } from '../../../test/support/registry.ts';
import { collect, startTestImages, type TestImages } from './images.test-support.ts';

const caller = {};
const context = () => ({ caller, signal: new AbortController().signal });
const small = (text: string) =>
	buildImage({ tars: [tarOf([{ name: 'base', content: 'base' }]), tarOf([{ name: text, content: text }])] });
const short = (image: BuiltImage, layer: number) => image.layers[layer]!.descriptor.digest.slice(7, 19);

let here: TestImages;
beforeEach(() => {
	here = startTestImages();
});
afterEach(() => here.close());

async function* bytes(...parts: Uint8Array[]) {
	for (const part of parts) for (let at = 0; at < part.length; at += 1000) yield part.subarray(at, at + 1000);
}

const pull = (image: string, tag = '') =>
	collect(here.images.sources.pull({ image, tag, platform: null, auth: null }, context()));
const load = (tar: Uint8Array, quiet = true) => collect(here.images.sources.load(bytes(tar), { quiet }, context()));

describe.if(haveRegistry)('pull from a registry', () => {
	test('new, up to date, shared layers, by digest, index', async () => {
		await using registry = await startRegistry();
		const first = small('first');
		const second = small('second');
		const name = await registry.push(first, 'a/first', '1');
		await registry.push(second, 'a/second', '1');
		const lines = await pull(`${registry.host}/a/first`, '1');
		expect(lines[0]).toBe('1: Pulling from a/first');
		for (const text of ['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Extracting', 'Pull complete']) {
			expect(lines).toContain(`${short(first, 0)}: ${text}`);
		}
		expect(lines.slice(-2)).toEqual([
			`Digest: ${first.manifest.descriptor.digest}`,
			`Status: Downloaded newer image for ${name}`,
		]);
		expect(await here.stored()).toEqual({
			blobs: [first.config.descriptor.digest, first.manifest.descriptor.digest].sort(),
			layers: expect.arrayContaining([first.document.rootfs.diff_ids![0]!]),
		});
		const again = await pull(`${registry.host}/a/first`, '1');
		expect(again).toEqual([
			'1: Pulling from a/first',
			`Digest: ${first.manifest.descriptor.digest}`,
			`Status: Image is up to date for ${name}`,
		]);
		expect(await pull(`${registry.host}/a/second:1`)).toContain(`${short(second, 0)}: Already exists`);
		const canonical = `${registry.host}/a/first@${first.manifest.descriptor.digest}`;
		expect((await pull(canonical)).at(-1)).toBe(`Status: Image is up to date for ${canonical}`);
		expect(here.events[0]).toBe(`image/pull ${name} ${registry.host}/a/first`);
		expect(await here.images.store.get(name)).toMatchObject({ tags: [name], repoDigests: [canonical] });
	});

	test('an index: the right platform, a missing platform', async () => {
		await using registry = await startRegistry();
		const arm = buildImage({ tars: [tarOf([])], platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
		const amd = small('amd');
		const other = buildImage({ tars: [tarOf([])], platform: { os: 'linux', architecture: 's390x' } });
		for (const image of [arm, amd, other]) await registry.push(image, 'multi', image.document.architecture);
		const index = buildIndex([arm, amd]);
		await registry.pushManifest(index, 'multi', 'all');
		await registry.pushManifest(buildIndex([other]), 'multi', 'other');
		await pull(`${registry.host}/multi:all`);
		expect(await here.images.store.get(`${registry.host}/multi:all`)).toMatchObject({
			id: amd.config.descriptor.digest,
			manifestDigest: amd.manifest.descriptor.digest,
			repoDigests: [`${registry.host}/multi@${index.descriptor.digest}`],
		});
		await expect(pull(`${registry.host}/multi:other`)).rejects.toThrow(
			'no matching manifest for linux/amd64 in the manifest list entries',
		);
		await expect(pull(`${registry.host}/multi:none`)).rejects.toMatchObject({
			code: 'not_found',
			message: `manifest for ${registry.host}/multi:none not found: manifest unknown: manifest unknown`,
		});
	});

	test('basic auth', async () => {
		await using registry = await startRegistry({ auth: { username: 'me', password: 'secret' } });
		const name = await registry.push(small('x'), 'private', '1');
		await expect(pull(name)).rejects.toThrow('no basic auth credentials');
		const options = { image: name, tag: '', platform: null };
		const wrong = { username: 'me', password: 'wrong' };
		await expect(collect(here.images.sources.pull({ ...options, auth: wrong }, context()))).rejects.toMatchObject({
			code: 'unauthorized',
			message: 'unauthorized: authentication required',
		});
		const auth = { username: 'me', password: 'secret' };
		expect((await collect(here.images.sources.pull({ ...options, auth }, context()))).at(-1)).toContain(
			'Downloaded newer',
		);
	});
});

describe('load', () => {
	test('a docker-archive, twice, with and without names', async () => {
		const image = small('loaded');
		const archive = dockerArchive([
			{ image, tags: ['app:1', 'app:2'] },
			{ image: small('bare'), tags: [] },
		]);
		const lines = [
			'Loaded image: app:1\n',
			'Loaded image: app:2\n',
			`Loaded image ID: ${small('bare').config.descriptor.digest}\n`,
		];
		expect(await load(archive)).toEqual(lines);
		expect(await load(archive)).toEqual(lines);
		expect(await load(Bun.gzipSync(archive as Uint8Array<ArrayBuffer>))).toEqual(lines);
		expect(await load(Bun.zstdCompressSync(archive as Uint8Array<ArrayBuffer>))).toEqual(lines);
		expect((await here.images.store.list({ all: false, filters: new Map() })).length).toBe(2);
		expect((await here.stored()).blobs.length).toBe(2);
		const { id } = await here.images.store.get('app:2');
		expect(id).toBe(image.config.descriptor.digest);
		expect(here.events[0]).toBe(`image/load ${id} ${id}`);
	});

	test('an OCI layout', async () => {
		const image = buildImage({ tars: [tarOf([{ name: 'x', content: 'x' }])], format: 'oci' });
		expect(await load(ociLayout([{ image, name: 'docker.io/library/oci:7' }]))).toEqual(['Loaded image: oci:7\n']);
		expect(await load(ociLayout([{ image }]))).toEqual([`Loaded image ID: ${image.config.descriptor.digest}\n`]);
	});

	test('links between layers, as old archives have them', async () => {
		const layer = tarOf([{ name: 'x', content: 'x' }]);
		const image = buildImage({ tars: [layer, layer] });
		const archive = tarOf([
			{ name: 'c.json', content: image.config.bytes },
			{ name: 'one/layer.tar', content: layer },
			{ name: 'two/layer.tar', type: 'symlink', linkName: '../one/layer.tar' },
			{
				name: 'manifest.json',
				content: JSON.stringify([{ Config: 'c.json', RepoTags: ['l:1'], Layers: ['one/layer.tar', 'two/layer.tar'] }]),
			},
		]);
		expect(await load(archive)).toEqual(['Loaded image: l:1\n']);
	});

	const good = dockerArchive([{ image: small('g'), tags: ['g:1'] }]);
	const manifest = (entry: unknown) => tarOf([{ name: 'manifest.json', content: JSON.stringify(entry) }]);
	const wrongBlob = tarOf([{ name: `blobs/sha256/${'0'.repeat(64)}`, content: 'not it' }]);
	const wrongDiff = buildImage({ tars: [tarOf([{ name: 'a', content: 'a' }])] });
	const config = jsonBlob('', {
		...wrongDiff.document,
		rootfs: { type: 'layers', diff_ids: [digestOf(Buffer.from('?'))] },
	});
	test.each<[string, Uint8Array, string]>([
		['nothing', new Uint8Array(), 'unexpected end of tar'],
		['no tar', Buffer.alloc(2000, 'x'), 'checksum'],
		['truncated', good.subarray(0, 2300), 'unexpected end of tar'],
		['truncated gzip', Bun.gzipSync(good as Uint8Array<ArrayBuffer>).subarray(0, 300), 'invalid'],
		['no manifest', tarOf([{ name: 'x', content: 'x' }]), 'neither a manifest.json nor an index.json'],
		['traversal in an entry', tarOf([{ name: '../../etc/x', content: 'x' }]), 'leads out of it'],
		['traversal in a link', tarOf([{ name: 'a', type: 'symlink', linkName: '../../x' }]), 'leads out of it'],
		['traversal in the manifest', manifest([{ Config: '../../../etc/passwd', Layers: [] }]), 'leads out of it'],
		['manifest of nonsense', manifest([null]), 'without a Config'],
		['missing config', manifest([{ Config: 'x.json', Layers: [] }]), 'it has no file "x.json"'],
		[
			'loop of links',
			tarOf([
				{ name: 'a', type: 'symlink', linkName: 'b' },
				{ name: 'b', type: 'symlink', linkName: 'a' },
				{ name: 'manifest.json', content: '[{"Config":"a","Layers":[]}]' },
			]),
			'is a loop of links',
		],
		['wrong blob', wrongBlob, 'digest'],
		['wrong diff id', dockerArchive([{ image: { ...wrongDiff, config }, tags: ['w:1'] }]), 'expected diff id'],
	])('refuses %s and keeps nothing', async (_name, archive, message) => {
		await expect(load(archive)).rejects.toThrow(message);
		expect(await here.stored()).toEqual({ blobs: [], layers: [] });
		expect(here.events).toEqual([]);
	});
});

describe('import', () => {
	test('one layer, changes, a name', async () => {
		const tar = tarOf([{ name: 'etc/' }, { name: 'etc/x', content: 'x' }]);
		const options = { repository: 'imported', tag: '', message: 'by hand', platform: null };
		const changes = ['CMD ["sh","-c","true"]', 'ENV A=b C="d e"', 'EXPOSE 80', 'LABEL who=me'];
		const [id = ''] = await collect(here.images.sources.import(bytes(tar), { ...options, changes }, context()));
		const image = await here.images.store.get('imported');
		expect(image).toMatchObject({ id, tags: ['imported:latest'], chainId: digestOf(tar) });
		expect(image.config.config).toMatchObject({
			Cmd: ['sh', '-c', 'true'],
			Env: ['A=b', 'C=d e'],
			Labels: { who: 'me' },
		});
		expect(here.events).toEqual([`image/tag ${id} imported:latest`, `image/import ${id} ${id}`]);
		expect((await here.images.store.history('imported'))[0]).toMatchObject({ comment: 'by hand', size: tar.length });
		expect((await here.stored()).blobs).toEqual([id]);
		const bad = here.images.sources.import(bytes(tar), { ...options, changes: ['RUN x'] }, context());
		await expect(collect(bad)).rejects.toMatchObject({
			code: 'invalid_argument',
			message: 'RUN is not a valid change command',
		});
	});
});

describe('store', () => {
	const image = small('s');
	const other = small('o');
	const id = image.config.descriptor.digest;

	beforeEach(async () => {
		await load(
			dockerArchive([
				{ image, tags: ['s:1'] },
				{ image: other, tags: ['o:1'] },
			]),
		);
		here.events.length = 0;
	});

	test('finds by name, id and prefix', async () => {
		for (const ref of ['s:1', id, id.slice(7), id.slice(7, 20), id.slice(0, 20), `s@${id}`]) {
			expect((await here.images.store.get(ref)).id).toBe(id);
		}
		await expect(here.images.store.get('none')).rejects.toMatchObject({
			code: 'not_found',
			message: 'No such image: none:latest',
		});
		await expect(here.images.store.get('sha256:')).rejects.toMatchObject({ code: 'invalid_argument' });
		await expect(here.images.store.get('UP')).rejects.toThrow('must be lowercase');
	});

	test('resolves for containers, with a platform', async () => {
		expect(await here.images.forContainers.resolve('s:1', '')).toMatchObject({ id, platform: 'linux' });
		await expect(here.images.forContainers.resolve('s:1', 'linux/arm64')).rejects.toMatchObject({
			code: 'not_found',
			message:
				'image with reference s:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)',
		});
	});

	test('removal: untag, last name, shared layers stay', async () => {
		await here.images.store.tag('s:1', 's', '2', caller);
		expect(await here.images.store.remove('s:2', { force: false, noPrune: false }, caller)).toEqual([
			{ untagged: 's:2' },
		]);
		const removals = await here.images.store.remove('s:1', { force: false, noPrune: false }, caller);
		const top = (await here.images.store.get('o:1')).layers[0];
		expect(removals).toEqual([{ untagged: 's:1' }, { deleted: id }, { deleted: expect.stringContaining('sha256:') }]);
		expect((await here.stored()).layers).toContain(top!);
		expect(here.events).toEqual([
			`image/tag ${id} s:2`,
			`image/untag ${id} ${id}`,
			`image/untag ${id} ${id}`,
			`image/delete ${id} ${id}`,
		]);
		await here.images.store.remove('o:1', { force: false, noPrune: false }, caller);
		expect(await here.stored()).toEqual({ blobs: [], layers: [] });
	});

	test('removal: conflicts', async () => {
		const remove = (ref: string, force = false) => here.images.store.remove(ref, { force, noPrune: false }, caller);
		const container = 'c'.repeat(64);
		here.users.set(id, [{ id: container, running: false }]);
		await expect(remove('s:1')).rejects.toMatchObject({
			code: 'conflict',
			message: `conflict: unable to remove repository reference "s:1" (must force) - container ${'c'.repeat(12)} is using its referenced image ${id.slice(7, 19)}`,
		});
		await expect(remove(id)).rejects.toThrow(
			'(must be forced) - image is being used by stopped container cccccccccccc',
		);
		here.users.set(id, [{ id: container, running: true }]);
		await expect(remove(id, true)).rejects.toThrow(
			`conflict: unable to delete ${id.slice(7, 19)} (cannot be forced) - image is being used by running container cccccccccccc`,
		);
		expect(await remove('s:1', true)).toEqual([{ untagged: 's:1' }]);
		here.users.clear();
		await here.images.store.tag(id, 's', '3', caller);
		await here.images.store.tag(id, 't', '', caller);
		await expect(remove(id)).rejects.toThrow('(must be forced) - image is referenced in multiple repositories');
		expect((await remove(id, true)).slice(0, 3)).toEqual([
			{ untagged: 's:3' },
			{ untagged: 't:latest' },
			{ deleted: id },
		]);
	});

	test('filters', async () => {
		const list = async (filters: Record<string, string[]>) =>
			(await here.images.store.list({ all: false, filters: new Map(Object.entries(filters)) })).flatMap(
				({ tags }) => tags,
			);
		expect(await list({ reference: ['s'] })).toEqual(['s:1']);
		expect(await list({ reference: ['*:1'] })).toHaveLength(2);
		expect(await list({ reference: ['[a-p]:?'] })).toEqual(['o:1']);
		expect(await list({ dangling: ['true'] })).toEqual([]);
		expect(await list({ label: ['x'] })).toEqual([]);
		expect(await list({ until: ['1h'] })).toHaveLength(2);
		expect(await list({ until: ['2020-01-01'] })).toEqual([]);
		for (const filters of [{ nope: ['x'] }, { dangling: ['maybe'] }, { until: ['soon'] }, { reference: ['['] }]) {
			await expect(list(filters)).rejects.toMatchObject({
				code: 'invalid_argument',
				message: expect.stringContaining('invalid filter'),
			});
		}
		await expect(list({ before: ['none'] })).rejects.toMatchObject({ code: 'not_found' });
	});

	test('garbage collection removes what nothing wants', async () => {
		const before = await here.stored();
		const { digest } = await here.content.ingest(bytes(Buffer.from('left behind')));
		await here.layers.unpack({ blob: here.content.path(digest), parent: null, diffId: null });
		expect(await here.images.collectGarbage()).toEqual([]);
		expect(await here.stored()).toEqual(before);
	});

	test('an image that lost a layer is forgotten, the others stay', async () => {
		const { layers } = await here.images.store.get('s:1');
		await here.layers.remove(layers[1]!);
		expect(await here.images.collectGarbage()).toMatchObject([{ id, tags: ['s:1'] }]);
		await expect(here.images.store.get('s:1')).rejects.toMatchObject({ code: 'not_found' });
		expect(here.events).toEqual([`image/delete ${id} ${id}`]);
		expect((await here.stored()).layers).toEqual([...(await here.images.store.get('o:1')).layers]);
	});
});
