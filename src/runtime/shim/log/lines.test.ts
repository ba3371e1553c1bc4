import { expect, test } from 'bun:test';
import { LineSplitter, type LogMessage, partSize } from './lines.ts';

interface Seen {
	readonly stream: string;
	readonly text: string;
	readonly part: LogMessage['part'];
	readonly time: bigint;
}

function collect(): { readonly lines: LineSplitter; readonly seen: Seen[] } {
	const seen: Seen[] = [];
	const lines = new LineSplitter(({ stream, text, part, time }) => {
		seen.push({ stream, text: Buffer.from(text).toString(), part, time });
	});
	return { lines, seen };
}

test('lines of both streams, from any pieces', () => {
	const { lines, seen } = collect();
	lines.write('stdout', Buffer.from('a\nb'));
	lines.write('stderr', Buffer.from('x\n'));
	lines.write('stdout', Buffer.from('c\n\nrest'));
	lines.end();
	expect(seen.map(({ stream, text }) => [stream, text])).toEqual([
		['stdout', 'a'],
		['stderr', 'x'],
		['stdout', 'bc'],
		['stdout', ''],
		['stdout', 'rest'],
	]);
	expect(seen.at(-1)?.part).toMatchObject({ ordinal: 1, last: false });
});

test.each([1000, partSize, 50_000])('a long line comes in parts, written %d bytes at a time', (step) => {
	const { lines, seen } = collect();
	const text = Buffer.from(`${'x'.repeat(40_000)}\nnext\n`);
	for (let at = 0; at < text.length; at += step) lines.write('stdout', text.subarray(at, at + step));
	expect(seen.map((one) => one.text.length)).toEqual([partSize, partSize, 40_000 - 2 * partSize, 4]);
	expect(seen.map(({ part }) => part?.ordinal ?? null)).toEqual([1, 2, 3, null]);
	expect(seen.map(({ part }) => part?.last ?? null)).toEqual([false, false, true, null]);
	expect(new Set(seen.slice(0, 3).map((one) => `${one.part?.id} ${one.time}`)).size).toBe(1);
});
