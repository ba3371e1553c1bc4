import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type LogQuery, readLog } from './read-log.ts';
import type { LogRecord } from './records.ts';

let folder = '';
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'gantry-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (text: string, second = 0) =>
	`${JSON.stringify({ log: text, stream: 'stdout', time: `2024-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z` })}\n`;
const textOf = ({ bytes, start, end }: LogRecord) => bytes.toString('utf8', start, end);
const everything: LogQuery = {
	since: null,
	until: null,
	tail: null,
	follow: null,
	signal: new AbortController().signal,
};

async function read(query: Partial<LogQuery> = {}): Promise<string[]> {
	const out: string[] = [];
	for await (const batch of readLog('json-file', join(folder, 'log'), { ...everything, ...query }))
		out.push(...batch.map((one) => textOf(one)));
	return out;
}

test('reads plain, escaped and torn lines', async () => {
	const texts = ['plain\n', 'a "quoted" \\ one\n', 'tab\there\n', 'piece', 'ü\u2028\n', '\\n\n', '\n', '\\"\n'];
	writeFileSync(join(folder, 'log'), `${texts.map((text) => line(text)).join('')}\0\0\0\n{"log":"torn`);
	expect(await read()).toEqual(texts);
});

test('rotated and compressed files come first, oldest first', async () => {
	writeFileSync(join(folder, 'log.2.gz'), gzipSync(line('1\n')));
	writeFileSync(join(folder, 'log.1'), line('2\n') + line('3\n'));
	writeFileSync(join(folder, 'log'), line('4\n'));
	expect(await read()).toEqual(['1\n', '2\n', '3\n', '4\n']);
	expect(await read({ tail: 2 })).toEqual(['3\n', '4\n']);
	expect(await read({ tail: 3 })).toEqual(['2\n', '3\n', '4\n']);
	expect(await read({ tail: 9 })).toEqual(['1\n', '2\n', '3\n', '4\n']);
	expect(await read({ tail: 0 })).toEqual([]);
});

test('tail counts lines over many blocks', async () => {
	const lines = Array.from({ length: 5000 }, (_, n) => `${n} ${'x'.repeat(60)}\n`);
	writeFileSync(join(folder, 'log'), lines.map((text) => line(text)).join(''));
	expect(await read({ tail: 3001 })).toEqual(lines.slice(-3001));
	expect(await read({ tail: 1 })).toEqual(lines.slice(-1));
});

test('since and until are inclusive', async () => {
	writeFileSync(join(folder, 'log'), [1, 2, 3, 4].map((n) => line(`${n}\n`, n)).join(''));
	const at = (n: number) => BigInt(Date.UTC(2024, 0, 1, 0, 0, n)) * 1_000_000n + 1n;
	expect(await read({ since: at(2), until: at(3) })).toEqual(['2\n', '3\n']);
});

test('no file is an empty log', async () => expect(await read()).toEqual([]));

test('follow sees what is appended, over a rotation, until the end', async () => {
	const path = join(folder, 'log');
	writeFileSync(path, line('a\n'));
	const { promise: ended, resolve: end } = Promise.withResolvers<void>();
	const seen: string[] = [];
	const steps: Record<string, () => void> = {
		'a\n': () => appendFileSync(path, line('b\n')),
		'b\n': () => {
			appendFileSync(path, line('c\n'));
			renameSync(path, `${path}.1`);
			writeFileSync(path, line('d\n'));
		},
		'd\n': () => {
			appendFileSync(path, line('e\n'));
			end();
		},
	};
	for await (const batch of readLog('json-file', path, { ...everything, follow: { ended } })) {
		for (const text of batch.map(textOf)) {
			seen.push(text);
			steps[text]?.();
		}
	}
	expect(seen).toEqual(['a\n', 'b\n', 'c\n', 'd\n', 'e\n']);
});

test('follow ends with its signal', async () => {
	writeFileSync(join(folder, 'log'), line('a\n'));
	const abort = new AbortController();
	for await (const _ of readLog('json-file', join(folder, 'log'), {
		...everything,
		follow: { ended: new Promise(() => undefined) },
		signal: abort.signal,
	})) {
		abort.abort();
	}
	expect(abort.signal.aborted).toBe(true);
});

test('takes every JSON escape, surrogates, attributes and foreign orders of keys', async () => {
	const time = '2024-01-01T00:00:00Z';
	const rest = `","stream":"stderr","time":"${time}"}\n`;
	const rows = [
		String.raw`{"log":"\u00e9\ud83d\ude00\u2028 \"q\" \/ \b\f\r\t \\ end` + rest,
		String.raw`{"log":"alone \ud83d.\ude00` + rest,
		String.raw`{"log":"bad \x` + rest,
		String.raw`{"log":"bad \u12` + rest,
		String.raw`{"log":"a\n","stream":"stdout","attrs":{"tag":"\"w\""},"time":"2024-01-01T00:00:00Z"}${'\n'}`,
		'{"time":"2024-01-01T00:00:00Z","stream":"stdout","log":"order"}\n',
		'{"log":"no time","stream":"stdout"}\n',
		'{"log":"x","stream":"stdout","time":"2024-01-01T00:00:00Z"} rubbish\n',
		'{"log":"torn\n',
		`{"log":"${rest}`,
	];
	writeFileSync(join(folder, 'log'), rows.join(''));
	const records: [string, string, unknown][] = [];
	for await (const batch of readLog('json-file', join(folder, 'log'), everything))
		records.push(...batch.map((one): [string, string, unknown] => [textOf(one), one.stream, one.attributes]));
	expect(records).toEqual([
		['é\u{1F600}\u2028 "q" / \b\f\r\t \\ end', 'stderr', undefined],
		['alone \ufffd.\ufffd', 'stderr', undefined],
		['a\n', 'stdout', { tag: '"w"' }],
		['order', 'stdout', undefined],
		['', 'stderr', undefined],
	]);
});

test('agrees with JSON on lines of random characters', async () => {
	let seed = 7;
	const random = (below: number) => {
		seed = (seed * 1103515245 + 12345) & 0x7fffffff;
		return (seed >> 8) % below;
	};
	const texts = Array.from({ length: 500 }, () =>
		String.fromCharCode(...Array.from({ length: random(60) }, () => random(random(2) === 0 ? 0x7f : 0xd7ff))),
	);
	writeFileSync(join(folder, 'log'), texts.map((text, n) => line(text, n % 60)).join(''));
	expect(await read()).toEqual(texts);
});

test('since is found in a large file, also where the clock was set back', async () => {
	const at = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * 1000).toISOString();
	const lineAt = (n: number, text: string) => `${JSON.stringify({ log: text, stream: 'stdout', time: at(n) })}\n`;
	const nano = (n: number) => BigInt(Date.UTC(2024, 0, 1) + n * 1000) * 1_000_000n;
	const pad = 'x'.repeat(80);
	const lines = Array.from({ length: 20_000 }, (_, n) => `${n} ${pad}\n`);
	writeFileSync(join(folder, 'log'), lines.map((text, n) => lineAt(n, text)).join(''));
	for (const from of [0, 1, 9999, 19_999]) expect(await read({ since: nano(from) })).toEqual(lines.slice(from));
	expect(await read({ since: nano(20_000) })).toEqual([]);
	expect(await read({ since: nano(5000), until: nano(5002) })).toEqual(lines.slice(5000, 5003));
	// An hour of lines is timed 1000 s late; what is wanted of them is found, what comes before is not shown.
	const shifted = (n: number) => (n >= 10_000 && n < 11_000 ? n + 1000 : n);
	writeFileSync(join(folder, 'log'), lines.map((text, n) => lineAt(shifted(n), text)).join(''));
	const wanted = lines.filter((_, n) => shifted(n) >= 11_500);
	expect(await read({ since: nano(11_500) })).toEqual(wanted);
});
