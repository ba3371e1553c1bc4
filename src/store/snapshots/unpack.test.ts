import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { EngineError } from '../../errors.ts';
import { cstring } from '../../kernel/libc.ts';
import { lgetxattr } from '../../kernel/xattr.ts';
import { sha256Digest } from '../../oci/digest.ts';
import { type LayerItem, layerTar, openTestPlace, type TestPlace } from './test-layers.ts';

const digestOf = (bytes: Uint8Array) => sha256Digest(createHash('sha256').update(bytes).digest('hex'));

async function unpack(place: TestPlace, items: readonly LayerItem[]): Promise<string> {
	const request = { blob: place.blob(layerTar(items)), parent: null, diffId: null };
	const { chainId } = await place.store.layers.unpack(request);
	return place.store.layers.paths(chainId)[0]!;
}

test('plain, gzip (several members too) and zstd give the same layer', async () => {
	await using place = openTestPlace();
	const tar = layerTar([
		['etc/motd', 'hello'],
		['big', 'x'.repeat(2_000_000)],
	]);
	const members = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
	for (const blob of [tar, gzipSync(tar), members, zstdCompressSync(tar)]) {
		const layer = await place.store.layers.unpack({ blob: place.blob(blob), parent: null, diffId: null });
		expect(layer).toEqual({ chainId: digestOf(tar), diffId: digestOf(tar), size: 2_000_005 });
	}
	const [path] = place.store.layers.paths(digestOf(tar));
	expect(readFileSync(join(path!, 'etc/motd'), 'utf8')).toBe('hello');
	expect(place.store.layers.list()).toHaveLength(1);
});

test('kinds, owners, modes, times and attributes arrive', async () => {
	await using place = openTestPlace();
	const mtime = 1_600_000_000_123_456_789n;
	const capability = Uint8Array.of(1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const root = await unpack(place, [
		{ name: 'd', type: 'directory', mode: 0o1777, uid: 7, gid: 8, mtime },
		{
			name: 'd/f',
			type: 'file',
			body: 'text',
			mode: 0o4711,
			uid: 3_000_000,
			gid: 4_000_000,
			mtime,
			xattrs: new Map([
				['security.capability', capability],
				['trusted.overlay.opaque', Buffer.from('y')],
			]),
		},
		{ name: 'd/l', type: 'symlink', linkName: '/etc/passwd', uid: 5, mtime },
		{ name: 'd/h', type: 'hardlink', linkName: 'd/f' },
		{ name: 'd/null', type: 'character-device', mode: 0o666, deviceMajor: 1, deviceMinor: 3 },
		{ name: 'd/disk', type: 'block-device', mode: 0o640, deviceMajor: 259, deviceMinor: 70000 },
		{ name: 'd/pipe', type: 'fifo', mode: 0o622, mtime },
		['no/parent/given', ''],
	]);
	const of = (name: string) => lstatSync(join(root, name), { bigint: true });
	expect([of('d').mode & 0o7777n, of('d').uid, of('d').gid, of('d').mtimeNs]).toEqual([0o1777n, 7n, 8n, mtime]);
	expect([of('d/f').mode & 0o7777n, of('d/f').uid, of('d/f').gid, of('d/f').mtimeNs]).toEqual([
		0o4711n,
		3_000_000n,
		4_000_000n,
		mtime,
	]);
	expect([of('d/l').uid, of('d/l').mtimeNs, readlinkSync(join(root, 'd/l'))]).toEqual([5n, mtime, '/etc/passwd']);
	expect(of('d/h').ino).toBe(of('d/f').ino);
	expect([of('d/null').isCharacterDevice(), of('d/null').rdev, of('d/null').mode & 0o777n]).toEqual([
		true,
		0x103n,
		0o666n,
	]);
	expect([of('d/disk').isBlockDevice(), of('d/pipe').isFIFO(), of('d/pipe').mtimeNs]).toEqual([true, true, mtime]);
	expect(
		Bun.spawnSync(['stat', '-c', '%Hr,%Lr', join(root, 'd/disk')])
			.stdout.toString()
			.trim(),
	).toBe('259,70000');
	expect(of('no/parent').mode & 0o777n).toBe(0o755n);
	expect([...lgetxattr(cstring(join(root, 'd/f')), cstring('security.capability'))]).toEqual([...capability]);
	expect(() => lgetxattr(cstring(join(root, 'd/f')), cstring('trusted.overlay.opaque'))).toThrow();
});

test('a later entry replaces an earlier one of another kind', async () => {
	await using place = openTestPlace();
	const root = await unpack(place, [
		['a/b', 'file in a folder'],
		['a', 'now a file'],
		['c', 'file'],
		{ name: 'c', type: 'directory', mode: 0o700 },
		['c/d', 'inside'],
		['e', 'first'],
		['e', 'second'],
		{ name: 'c', type: 'directory', mode: 0o750 },
	]);
	expect(readFileSync(join(root, 'a'), 'utf8')).toBe('now a file');
	expect(readFileSync(join(root, 'c/d'), 'utf8')).toBe('inside');
	expect(readFileSync(join(root, 'e'), 'utf8')).toBe('second');
	expect(statSync(join(root, 'c')).mode & 0o777).toBe(0o750);
});

const link = (name: string, linkName: string): LayerItem => ({ name, type: 'symlink', linkName });
const hard = (name: string, linkName: string): LayerItem => ({ name, type: 'hardlink', linkName });

const refused: Record<string, readonly LayerItem[]> = {
	'a name that climbs out': [['../evil', 'x']],
	'a name that climbs out in its middle': [['a/../../evil', 'x']],
	'a hard link to a name that climbs out': [hard('h', '../../../etc/passwd')],
	'a hard link to a file of the host': [hard('h', '/etc/passwd')],
	'a hard link through a symbolic link to the host': [link('s', '/etc'), hard('h', 's/passwd')],
	'a hard link to itself': [['h', 'x'], hard('h', 'h')],
	'a file through a link to nowhere': [link('s', '/no/such/place'), ['s/evil', 'x']],
	'a file below a file': [
		['f', 'x'],
		['f/g', 'x'],
	],
	'a file through a circle of links': [link('s', 't'), link('t', 's'), ['s/evil', 'x']],
	'a file through a process link': [link('s', '/proc/self/cwd'), ['s/evil', 'x']],
	'a whiteout of the folder above': [['d/.wh...', '']],
	'a whiteout of nothing': [['d/.wh.', '']],
};

for (const [what, items] of Object.entries(refused)) {
	test(`refused, nothing left: ${what}`, async () => {
		await using place = openTestPlace();
		await expect(unpack(place, items)).rejects.toMatchObject({ code: 'corrupt' });
		expect(place.store.layers.list()).toEqual([]);
		expect(readdirSync(join(place.folder, 'root/l'))).toEqual([]);
		expect(existsSync(join(place.folder, 'evil')) || existsSync(join(place.folder, 'root/evil'))).toBe(false);
	});
}

test('entries that pass through symbolic links stay inside', async () => {
	await using place = openTestPlace();
	const outside = join(place.folder, 'outside');
	writeFileSync(outside, 'untouched');
	const root = await unpack(place, [
		['usr/bin/sh', 'x'],
		link('bin', 'usr/bin'),
		['bin/ls', 'through a link'],
		link('abs', '/usr'),
		['abs/lib/x', 'through an absolute link'],
		link('up', '../../../../../../usr'),
		['up/y', 'the root has nothing above'],
		link('out', outside),
		['out', 'the link itself is replaced'],
		// A folder that was resolved before becomes a link.
		['w/1', 'x'],
		link('w', '/usr'),
		['w/2', 'x'],
		{ name: 'up', type: 'directory' },
		['up/z', 'x'],
	]);
	expect(readFileSync(join(root, 'usr/bin/ls'), 'utf8')).toBe('through a link');
	expect(readdirSync(join(root, 'usr')).sort()).toEqual(['2', 'bin', 'lib', 'y']);
	expect(readFileSync(outside, 'utf8')).toBe('untouched');
	expect(readFileSync(join(root, 'out'), 'utf8')).toBe('the link itself is replaced');
	expect(readdirSync(join(root, 'up'))).toEqual(['z']);
	expect(lstatSync(join(root, 'up')).isDirectory()).toBe(true);
});

test('absolute names, dots and names that are no UTF-8 are taken inside', async () => {
	await using place = openTestPlace();
	const tar = layerTar([
		['/abs//x', '1'],
		['./dot/./y', '2'],
		['name-Z', '3'],
	]);
	// The bytes of the name become E9 (Latin-1); the checksum moves with them.
	const at = tar.indexOf('name-Z') + 5;
	tar[at] = 0xe9;
	const start = at - 5;
	const sum = Number.parseInt(tar.toString('latin1', start + 148, start + 154), 8) - 0x5a + 0xe9;
	tar.write(sum.toString(8).padStart(6, '0'), start + 148, 'latin1');
	const { chainId } = await place.store.layers.unpack({ blob: place.blob(tar), parent: null, diffId: null });
	const [root] = place.store.layers.paths(chainId);
	expect(readFileSync(join(root!, 'abs/x'), 'utf8')).toBe('1');
	expect(readFileSync(join(root!, 'dot/y'), 'utf8')).toBe('2');
	const raw = readdirSync(Buffer.from(root!), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
	expect(raw).toContain('name-\xe9');
});

test('a wrong diff id, a truncated or damaged blob and a bomb are corrupt, and leave nothing', async () => {
	await using place = openTestPlace({ limits: { maxUnpackedBytes: 3_000_000, maxEntries: 50 } });
	const tar = layerTar([['a', 'x'.repeat(100_000)]]);
	const gzip = gzipSync(tar);
	const damaged = Buffer.from(gzip);
	damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 0xff;
	const wrong = digestOf(Buffer.from('other'));
	const run = (bytes: Uint8Array, diffId: typeof wrong | null = null) =>
		place.store.layers.unpack({ blob: place.blob(bytes), parent: null, diffId });
	await expect(run(gzip, wrong)).rejects.toThrow(`diff id ${digestOf(tar)}, expected ${wrong}`);
	await expect(run(tar.subarray(0, 50_000))).rejects.toThrow('unexpected end of tar');
	for (const bytes of [gzip.subarray(0, gzip.length - 20), damaged, zstdCompressSync(tar).subarray(0, 30)]) {
		await expect(run(bytes)).rejects.toMatchObject({ code: 'corrupt' });
	}
	await expect(run(gzipSync(layerTar([['bomb', 'x'.repeat(5_000_000)]])))).rejects.toThrow('over 3000000 bytes');
	await expect(run(layerTar(Array.from({ length: 60 }, (_, i) => [`f${i}`, ''] as const)))).rejects.toThrow('entries');
	await expect(run(Buffer.from('this is no tar'.repeat(100)))).rejects.toMatchObject({ code: 'corrupt' });
	expect(readdirSync(join(place.folder, 'root/l'))).toEqual([]);
	expect(place.errors).toEqual([]);
});

describe('a blob that is unpacked while it comes', () => {
	const tar = layerTar([
		['a', 'x'.repeat(700_000)],
		['b', 'y'],
	]);
	const streamOf = (bytes: Uint8Array, step: number, failure?: Error) => ({
		size: bytes.length,
		async *open() {
			for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
			if (failure !== undefined) throw failure;
		},
	});
	const gone = (place: TestPlace) => readdirSync(join(place.folder, 'root/l'));

	test('plain, gzip of two members, zstd; in pieces of any size', async () => {
		const gzip = Buffer.concat([gzipSync(tar.subarray(0, 5000)), gzipSync(tar.subarray(5000))]);
		for (const bytes of [tar, gzip, zstdCompressSync(tar)]) {
			for (const step of [1 << 20, 4096, bytes.length > 100_000 ? 3001 : 1]) {
				await using place = openTestPlace();
				const layer = await place.store.layers.unpack({
					blob: streamOf(bytes, step),
					parent: null,
					diffId: digestOf(tar),
				});
				expect(layer.size).toBe(700_001);
				expect(readFileSync(join(place.store.layers.paths(layer.chainId)[0]!, 'b'), 'utf8')).toBe('y');
			}
		}
	});

	test('a stream that fails at its end leaves nothing, and says why', async () => {
		await using place = openTestPlace();
		for (const bytes of [tar, gzipSync(tar).subarray(0, 600), Buffer.alloc(2_000_000, 'no tar')]) {
			const blob = streamOf(bytes, 4096, new EngineError('corrupt', 'it is another blob'));
			const unpacking = place.store.layers.unpack({ blob, parent: null, diffId: null });
			await expect(unpacking).rejects.toMatchObject({
				code: 'corrupt',
				message: expect.stringContaining('another blob'),
			});
			expect(gone(place)).toEqual([]);
		}
		expect(place.store.layers.list()).toEqual([]);
	});

	test('a stream cut short, or no tar, is corrupt', async () => {
		await using place = openTestPlace();
		for (const bytes of [gzipSync(tar).subarray(0, 600), Buffer.alloc(2_000_000, 'no tar'), new Uint8Array()]) {
			const unpacking = place.store.layers.unpack({ blob: streamOf(bytes, 4096), parent: null, diffId: null });
			await expect(unpacking).rejects.toMatchObject({ code: 'corrupt' });
			expect(gone(place)).toEqual([]);
		}
	});

	test('a process that is killed ends it, and so does the caller', async () => {
		await using place = openTestPlace({ unpackCommand: ['/bin/sh', '-c', 'kill -9 $$'] });
		const endless = {
			size: 1e12,
			async *open(signal: AbortSignal) {
				while (!signal.aborted) yield await Promise.resolve(new Uint8Array(65_536));
				throw signal.reason;
			},
		};
		const killed = place.store.layers.unpack({ blob: endless, parent: null, diffId: null });
		await expect(killed).rejects.toThrow('was killed by SIGKILL');
		await using other = openTestPlace();
		const leaving = new AbortController();
		const blob = {
			size: 1e12,
			async *open(signal: AbortSignal) {
				yield tar.subarray(0, 100_000);
				leaving.abort();
				await new Promise((_, reject) => {
					if (signal.aborted) reject(signal.reason);
					signal.addEventListener('abort', () => reject(signal.reason));
				});
			},
		};
		const left = other.store.layers.unpack({ blob, parent: null, diffId: null, signal: leaving.signal });
		await expect(left).rejects.toMatchObject({ code: 'cancelled' });
	});
});
