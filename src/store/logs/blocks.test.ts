import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { leftInBlock, recordHeader, writeRecord } from '../../lib/log-blocks.ts';
import { type LogQuery, readLog } from './read-log.ts';

let path = '';
beforeEach(() => {
	path = join(mkdtempSync(join(tmpdir(), 'gantry-log-')), 'log');
});
afterEach(() => rmSync(join(path, '..'), { recursive: true }));

const at = (n: number) => 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000n;

/** A file of lines, the line's number as its time in ms. */
function fileOf(numbers: readonly number[]): Buffer {
	const out = Buffer.alloc(numbers.length * 200 + 300_000);
	let end = 0;
	for (const n of numbers) {
		const text = Buffer.from(`line ${n} ${'x'.repeat(n % 100)}`);
		if (leftInBlock(end) < recordHeader + text.length + 1) end += leftInBlock(end);
		end = writeRecord(out, end, { stream: n % 2 === 0 ? 'stdout' : 'stderr', time: at(n), text, newline: true });
	}
	return out.subarray(0, end);
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

async function read(query: Partial<LogQuery> = {}): Promise<number[]> {
	const out: number[] = [];
	const all = { since: null, until: null, tail: null, follow: null, signal: new AbortController().signal };
	for await (const batch of readLog('local', path, { ...all, ...query })) {
		for (const { bytes, start, end } of batch) {
			const text = bytes.toString('utf8', start, end);
			expect(text.endsWith('\n')).toBe(true);
			out.push(Number(text.split(' ')[1]));
		}
	}
	return out;
}

test('all, the last, since and until, over files old and compressed', async () => {
	writeFileSync(`${path}.2.gz`, gzipSync(fileOf(range(0, 3000))));
	writeFileSync(`${path}.1`, fileOf(range(3000, 6000)));
	writeFileSync(path, fileOf(range(6000, 9000)));
	expect(await read()).toEqual(range(0, 9000));
	for (const tail of [0, 1, 2999, 3000, 3001, 6500, 9000, 9999]) {
		expect(await read({ tail })).toEqual(range(Math.max(0, 9000 - tail), 9000));
	}
	for (const from of [0, 17, 2999, 3000, 4567, 8999])
		expect(await read({ since: at(from) })).toEqual(range(from, 9000));
	expect(await read({ since: at(2500), until: at(6500) })).toEqual(range(2500, 6501));
	expect(await read({ since: at(9001) })).toEqual([]);
});

test('a torn end and damage in the middle cost what is there, no more', async () => {
	const whole = fileOf(range(0, 5000));
	writeFileSync(path, whole);
	truncateSync(path, whole.length - 5);
	expect(await read()).toEqual(range(0, 4999));
	expect(await read({ tail: 2 })).toEqual([4997, 4998]);
	const hurt = Buffer.from(readFileSync(path));
	hurt.fill(0xff, 70_000, 70_100);
	writeFileSync(path, hurt);
	const left = await read();
	expect(left.length).toBeGreaterThan(3000);
	expect(left.at(-1)).toBe(4998);
	expect(left).toEqual([...left].sort((a, b) => a - b));
});

test('follow goes on in a file that grows', async () => {
	const whole = fileOf(range(0, 3000));
	writeFileSync(path, whole.subarray(0, 100_003));
	const { promise: ended, resolve } = Promise.withResolvers<void>();
	const seen = read({ follow: { ended } });
	appendFileSync(path, whole.subarray(100_003));
	resolve();
	expect(await seen).toEqual(range(0, 3000));
});
