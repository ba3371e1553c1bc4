import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { JsonFileWriter } from './json-file.ts';

let directory = '';
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'gantry-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const target = (options: object = {}) => ({
	driver: 'json-file' as const,
	path: join(directory, 'json.log'),
	maxSize: -1,
	maxFiles: 1,
	compress: false,
	attributes: {},
	...options,
});
const entries = (path = join(directory, 'json.log')): { log: string; stream: string; time: string }[] =>
	readFileSync(path, 'utf8')
		.split('\n')
		.filter(Boolean)
		.map((line) => JSON.parse(line));
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('json-file', () => {
	test('writes a line per line, in order of the streams', () => {
		const log = new JsonFileWriter(target());
		log.write('stdout', bytes('one\ntwo\n'));
		log.write('stderr', bytes('bad "q" \\ \t<&>\r\n'));
		log.end();
		expect(entries().map(({ log: text, stream }) => [text, stream])).toEqual([
			['one\n', 'stdout'],
			['two\n', 'stdout'],
			['bad "q" \\ \t<&>\r\n', 'stderr'],
		]);
		const raw = readFileSync(join(directory, 'json.log'), 'utf8').split('\n');
		expect(raw[0]).toMatch(/^\{"log":"one\\n","stream":"stdout","time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"\}$/);
		expect(raw[2]).toStartWith(String.raw`{"log":"bad \"q\" \\ \u0009\u003c\u0026\u003e\r\n","stream":"stderr"`);
	});

	test('joins a line from pieces and keeps the unfinished one for the end', () => {
		const log = new JsonFileWriter(target());
		for (const piece of ['a', 'b', 'c\nd', 'e']) log.write('stdout', bytes(piece));
		expect(entries().map((entry) => entry.log)).toEqual(['abc\n']);
		log.end();
		expect(entries().map((entry) => entry.log)).toEqual(['abc\n', 'de']);
	});

	test('cuts a long line into parts of 16 KiB', () => {
		for (const step of [1000, 16384, 50_000]) {
			const log = new JsonFileWriter(target({ path: join(directory, `cut-${step}`) }));
			const line = bytes(`${'x'.repeat(40_000)}\nnext\n`);
			for (let at = 0; at < line.length; at += step) log.write('stdout', line.subarray(at, at + step));
			log.end();
			const lengths = entries(join(directory, `cut-${step}`)).map((entry) => entry.log.length);
			expect(lengths).toEqual([16384, 16384, 40_000 - 2 * 16384 + 1, 5]);
		}
	});

	test('keeps a character whole that two reads or two parts split, and replaces what is none', () => {
		const log = new JsonFileWriter(target());
		const euro = Buffer.from('€');
		log.write('stdout', euro.subarray(0, 1));
		log.write('stdout', Buffer.concat([euro.subarray(1), bytes('\n')]));
		log.write('stdout', Buffer.concat([bytes('x'.repeat(16383)), euro, bytes('\n')]));
		log.write('stdout', bytes('a\xffb\xc3\n'));
		log.write('stdout', Buffer.from('\u{1F600}\u2028\n'));
		log.end();
		expect(entries().map((entry) => entry.log)).toEqual([
			'€\n',
			'x'.repeat(16383),
			'€\n',
			'a\ufffdb\ufffd\n',
			'\u{1F600}\u2028\n',
		]);
	});

	test('agrees with JSON on random bytes', () => {
		const log = new JsonFileWriter(target());
		let seed = 12345;
		const random = Uint8Array.from({ length: 20_000 }, () => {
			seed = (seed * 1103515245 + 12345) & 0x7fffffff;
			return (seed >> 16) & 0xff;
		});
		log.write('stdout', random);
		log.end();
		const valid = new TextDecoder().decode(
			new TextEncoder().encode(
				entries()
					.map((entry) => entry.log)
					.join(''),
			),
		);
		expect(valid).toBe(
			entries()
				.map((entry) => entry.log)
				.join(''),
		);
		const ascii = (text: string): string => text.replaceAll(/[^\x00-\x7f]/g, '');
		expect(ascii(valid)).toBe(ascii(new TextDecoder().decode(random)));
	});

	test('adds attributes', () => {
		const log = new JsonFileWriter(target({ attributes: { tag: 'web "1"' } }));
		log.write('stdout', bytes('x\n'));
		log.end();
		expect(readFileSync(join(directory, 'json.log'), 'utf8')).toContain('"attrs":{"tag":"web \\"1\\""},"time":');
	});

	test('goes on with the file that is there', () => {
		for (const text of ['first\n', 'second\n']) {
			const log = new JsonFileWriter(target());
			log.write('stdout', bytes(text));
			log.end();
		}
		expect(entries().map((entry) => entry.log)).toEqual(['first\n', 'second\n']);
	});

	test('rotates by size, losing only the oldest file', () => {
		const log = new JsonFileWriter(target({ maxSize: 1000, maxFiles: 3 }));
		for (let n = 0; n < 60; n++) log.write('stdout', bytes(`line ${n}\n`));
		log.end();
		const path = join(directory, 'json.log');
		const kept = [`${path}.2`, `${path}.1`, path].flatMap((file) => entries(file).map((entry) => entry.log));
		const first = 60 - kept.length;
		expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => `line ${first + index}\n`));
		expect(first).toBeGreaterThan(0);
		expect(existsSync(`${path}.3`)).toBe(false);
		expect(readFileSync(`${path}.1`).length).toBeLessThan(1200);
	});

	test('rotates inside one large write', () => {
		const log = new JsonFileWriter(target({ maxSize: 10_000, maxFiles: 100 }));
		log.write('stdout', bytes('0123456789\n'.repeat(1000)));
		log.end();
		const path = join(directory, 'json.log');
		const files = Array.from({ length: 99 }, (_, index) => `${path}.${index + 1}`).filter((file) => existsSync(file));
		expect(files.length).toBeGreaterThan(5);
		expect([path, ...files].flatMap((file) => entries(file)).length).toBe(1000);
	});

	test('compresses what it rotated', async () => {
		const log = new JsonFileWriter(target({ maxSize: 2000, maxFiles: 2, compress: true }));
		for (let n = 0; n < 30; n++) log.write('stdout', bytes(`line ${n}\n`));
		log.end();
		await log.settled();
		const path = join(directory, 'json.log');
		expect(existsSync(`${path}.1`)).toBe(false);
		const first =
			gunzipSync(readFileSync(`${path}.1.gz`))
				.toString()
				.split('\n')[0] ?? '';
		expect(JSON.parse(first).log).toBe('line 0\n');
	});
});
