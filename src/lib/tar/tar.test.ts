import { expect, test } from 'bun:test';
import { readPax, writePaxRecord } from './pax.ts';
import { readTar } from './read.ts';
import type { TarHeader } from './types.ts';
import { type TarHeaderInput, tarEnd, tarPadding, writeTarHeader } from './write.ts';

interface Item {
	readonly header: TarHeaderInput;
	readonly body?: string;
}

function tarOf(items: readonly Item[]): Buffer {
	const parts: Uint8Array[] = [];
	for (const { header, body = '' } of items) {
		const bytes = Buffer.from(body);
		parts.push(writeTarHeader({ ...header, size: header.size ?? bytes.length }), bytes, tarPadding(bytes.length));
	}
	return Buffer.concat([...parts, tarEnd]);
}

async function* chunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
	for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

async function readAll(bytes: Uint8Array, size = 1000): Promise<{ header: TarHeader; body: string }[]> {
	const found: { header: TarHeader; body: string }[] = [];
	for await (const { header, body } of readTar(chunks(bytes, size))) {
		const parts: Uint8Array[] = [];
		for await (const part of body) parts.push(part);
		found.push({ header, body: Buffer.concat(parts).toString() });
	}
	return found;
}

const long = `${'a-long-folder-name/'.repeat(20)}file`;
const full: TarHeaderInput = {
	name: long,
	type: 'file',
	mode: 0o4755,
	uid: 3_000_000,
	gid: 2 ** 31,
	mtime: 1_700_000_000_123_456_789n,
	xattrs: new Map([['security.capability', Uint8Array.of(1, 0, 10, 255, 61)]]),
};

for (const size of [1, 511, 512, 513, 100_000]) {
	test(`what is written is read, in pieces of ${size}`, async () => {
		const tar = tarOf([
			{ header: full, body: 'x'.repeat(700) },
			{ header: { name: 'dir/', type: 'directory', mode: 0o1777 } },
			{ header: { name: 'ő', type: 'symlink', linkName: `../${long}` } },
			{ header: { name: 'null', type: 'character-device', deviceMajor: 1, deviceMinor: 3 } },
			{ header: { name: 'empty', type: 'file' } },
		]);
		const [file, folder, link, device, empty] = await readAll(tar, size);
		expect(file!.header).toEqual({
			...full,
			linkName: '',
			size: 700,
			deviceMajor: 0,
			deviceMinor: 0,
			xattrs: file!.header.xattrs,
		} as TarHeader);
		expect([...file!.header.xattrs.get('security.capability')!]).toEqual([1, 0, 10, 255, 61]);
		expect(file!.body).toBe('x'.repeat(700));
		expect(folder!.header).toMatchObject({ type: 'directory', mode: 0o1777 });
		expect(link!.header).toMatchObject({ name: 'ő', linkName: `../${long}` });
		expect(device!.header).toMatchObject({ deviceMajor: 1, deviceMinor: 3 });
		expect(empty!.body).toBe('');
	});
}

test('bodies that nobody reads, or reads in part, are skipped', async () => {
	const tar = tarOf(['a', 'b', 'c'].map((name) => ({ header: { name, type: 'file' }, body: name.repeat(3000) })));
	const names: string[] = [];
	for await (const { header, body } of readTar(chunks(tar, 700))) {
		names.push(header.name);
		if (header.name === 'b') for await (const _ of body) break;
	}
	expect(names).toEqual(['a', 'b', 'c']);
});

test('reads what GNU tar writes: long names, sizes, links', async () => {
	const script = `cd "$(mktemp -d)" && mkdir d && printf hi > "d/${'n'.repeat(150)}" && ln d/n* hard && tar --format=gnu -cf - d hard && rm -r "$PWD"`;
	const tar = Bun.spawnSync(['sh', '-c', script]).stdout;
	const entries = await readAll(tar);
	expect(entries.map(({ header }) => [header.type, header.name])).toEqual([
		['directory', 'd/'],
		['file', `d/${'n'.repeat(150)}`],
		['hardlink', 'hard'],
	]);
	expect(entries[1]!.body).toBe('hi');
	expect(entries[2]!.header.linkName).toBe(`d/${'n'.repeat(150)}`);
});

test('a tar that stops in a header, a body or an extension is corrupt', async () => {
	const tar = tarOf([{ header: full, body: 'x'.repeat(700) }]);
	for (const length of [0, 100, 600, 1600, tar.length - 1024 - 400]) {
		expect(readAll(tar.subarray(0, length))).rejects.toThrow('unexpected end of tar');
	}
	expect(await readAll(tar.subarray(0, tar.length - 1024))).toHaveLength(1);
});

test('a damaged header, an unknown type, sparse files and excesses are refused', async () => {
	const damaged = tarOf([{ header: { name: 'a', type: 'file' } }]);
	damaged[3] = 65;
	expect(readAll(damaged)).rejects.toThrow('checksum');
	expect(readAll(Buffer.alloc(512, 'no tar at all '))).rejects.toThrow(/tar header/);
	const many = tarOf(Array.from({ length: 5 }, () => ({ header: { name: 'a', type: 'file' as const } })));
	const limited = async (limits: object, bytes: Uint8Array): Promise<void> => {
		for await (const _ of readTar(chunks(bytes, 512), { limits })) {
			// Only the walk matters.
		}
	};
	expect(limited({ maxEntries: 4 }, many)).rejects.toThrow('more than 4 entries');
	expect(limited({ maxExtensionBytes: 100 }, tarOf([{ header: full }]))).rejects.toThrow('too long');
	expect(limited({ maxNameBytes: 200 }, tarOf([{ header: full }]))).rejects.toThrow('too long');
});

test('a PAX record with a NUL byte in a name is refused', async () => {
	for (const [key, value] of [
		['path', 'a\0b'],
		['linkpath', 'a\0b'],
		['SCHILY.xattr.user.a\0b', 'x'],
	] as const) {
		expect(() => readPax(writePaxRecord(key, Buffer.from(value)))).toThrow('NUL');
	}
	expect(readPax(writePaxRecord('SCHILY.xattr.user.a', Buffer.from('x\0'))).size).toBe(1);
});
