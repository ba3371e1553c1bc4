import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Digest } from '../../oci/digest.ts';
import { createContentStore } from './store.ts';

let root = '';
beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'gantry-content-'));
});
afterEach(() => rmSync(root, { recursive: true }));

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
	for (const text of texts) yield Buffer.from(text);
}
const digestOf = (text: string) => sha256Digest(createHash('sha256').update(text).digest('hex'));
const leftovers = (): string[] => [...readdirSync(join(root, 'ingest')), ...readdirSync(join(root, 'blobs/sha256'))];

test('a blob is stored under its digest, read, listed and removed', async () => {
	const store = await createContentStore({ root });
	const digest = digestOf('hello world');
	expect(await store.ingest(pieces('hello ', 'world'))).toEqual({ digest, size: 11 });
	expect(await store.ingest(pieces('hello world'), { expected: { digest, size: 11 } })).toEqual({ digest, size: 11 });
	expect(await store.has(digest)).toBe(true);
	expect(Buffer.from(await store.readBytes(digest, 11)).toString()).toBe('hello world');
	expect(store.readBytes(digest, 10)).rejects.toThrow('at most 10');
	const read: Uint8Array[] = [];
	for await (const chunk of store.read(digest)) read.push(chunk);
	expect(Buffer.concat(read).toString()).toBe('hello world');
	expect(await store.list()).toEqual([{ digest, size: 11 }]);
	expect(await store.remove(digest)).toBe(true);
	expect(await store.remove(digest)).toBe(false);
	expect(store.readBytes(digest, 100)).rejects.toMatchObject({ code: 'not_found' });
});

test('a blob that is not durable yet is there like any other', async () => {
	const store = await createContentStore({ root });
	const digest = digestOf('soon gone');
	for (let time = 0; time < 2; time++) await store.ingest(pieces('soon ', 'gone'), { durable: false });
	await store.persist(digest);
	expect(await store.list()).toEqual([{ digest, size: 9 }]);
	expect(leftovers()).toHaveLength(1);
	await store.remove(digest);
	expect(store.persist(digest)).rejects.toMatchObject({ code: 'not_found' });
});

test('a chunk of many megabytes arrives whole', async () => {
	const store = await createContentStore({ root });
	const text = 'abcdefg'.repeat(700_000);
	const { digest, size } = await store.ingest(pieces('x', text, 'y'));
	expect(digest).toBe(digestOf(`x${text}y`));
	expect(Bun.file(store.path(digest)).size).toBe(size);
});

test('another digest, another size or too much keeps nothing', async () => {
	const store = await createContentStore({ root });
	const digest = digestOf('good');
	const bad = store.ingest(pieces('bad!'), { expected: { digest } });
	expect(bad).rejects.toMatchObject({ code: 'corrupt' });
	expect(bad).rejects.toThrow(`content has the digest ${digestOf('bad!')}, expected ${digest}`);
	expect(store.ingest(pieces('go'), { expected: { digest, size: 4 } })).rejects.toThrow('has 2 bytes, expected 4');
	expect(store.ingest(pieces('good', 'x'), { expected: { digest, size: 4 } })).rejects.toThrow('longer than 4');
	expect(store.ingest(pieces('good'), { maxSize: 3 })).rejects.toThrow('longer than 3');
	await Promise.allSettled([bad]);
	async function* broken(): AsyncIterable<Uint8Array> {
		yield Buffer.from('half');
		throw new Error('the line went dead');
	}
	await expect(store.ingest(broken())).rejects.toThrow('the line went dead');
	expect(leftovers()).toEqual([]);
});

test('an abort ends a stream that hangs', async () => {
	const store = await createContentStore({ root });
	const controller = new AbortController();
	async function* hanging(): AsyncIterable<Uint8Array> {
		yield Buffer.from('start');
		queueMicrotask(() => controller.abort());
		await new Promise(() => {});
	}
	await expect(store.ingest(hanging(), { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
	expect(leftovers()).toEqual([]);
});

test('what a crash left of an ingest goes at the next start; a damaged blob is told', async () => {
	mkdirSync(join(root, 'ingest'));
	writeFileSync(join(root, 'ingest', '1-1'), 'half');
	const store = await createContentStore({ root });
	expect(leftovers()).toEqual([]);
	const { digest } = await store.ingest(pieces('right'));
	writeFileSync(store.path(digest), 'wrong');
	expect(store.readBytes(digest, 100)).rejects.toMatchObject({ code: 'corrupt' });
});
