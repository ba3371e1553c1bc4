import { expect, test } from 'bun:test';
import { createProgressView, type ProgressMessage } from './progress.ts';

const messages: ProgressMessage[] = [
	{ status: 'Pulling from web', id: '1' },
	{ status: 'Downloading', id: 'aaaa', progressDetail: { current: 3_145_728, total: 10_485_760 } },
	{ status: 'Downloading', id: 'bbbb', progressDetail: { current: 500 } },
	{ status: 'Pull complete', id: 'aaaa', progressDetail: {} },
	{ status: 'Digest: sha256:00' },
	{ stream: 'Loaded image: a\n' },
];

function shown(columns: number | undefined): string {
	let out = '';
	const view = createProgressView({ columns, write: (text) => (out += text) });
	for (const message of messages) view.show(message);
	return out;
}

/** What a terminal of that output would show. */
function screen(output: string): string[] {
	const lines: string[] = [''];
	let [row, column] = [0, 0];
	for (const [part, , count, kind] of output.matchAll(/(\x1b\[(\d*)([ABK]))|\n|\r|[^\x1b\n\r]+/g)) {
		if (kind === 'A') row -= Number(count);
		else if (kind === 'B') row += Number(count);
		else if (kind === 'K') lines[row] = '';
		else if (part === '\r') column = 0;
		else if (part === '\n') {
			row++;
			column = 0;
		} else {
			const before = (lines[row] ?? '').padEnd(column);
			lines[row] = before.slice(0, column) + part + before.slice(column + part.length);
			column += part.length;
		}
		while (lines.length <= row) lines.push('');
	}
	return lines;
}

test('elsewhere than on a terminal: a line each, none for numbers', () => {
	expect(shown(undefined)).toBe('1: Pulling from web\naaaa: Pull complete\nDigest: sha256:00\nLoaded image: a\n');
});

test('on a terminal each id keeps its line', () => {
	expect(screen(shown(120))).toEqual([
		'1: Pulling from web',
		'aaaa: Pull complete',
		'bbbb: Downloading     500B',
		'Digest: sha256:00',
		'Loaded image: a',
		'',
	]);
});

test('the bar', () => {
	let out = '';
	const view = createProgressView({ columns: 120, write: (text) => (out += text) });
	view.show({ status: 'Downloading', id: 'a', progressDetail: { current: 3_145_728, total: 10_485_760 } });
	expect(screen(out)[0]).toBe(`a: Downloading [${'='.repeat(15)}>${' '.repeat(34)}]  3.146MB/10.49MB`);
});

test('no line is wider than the terminal', () => {
	for (const line of screen(shown(24))) expect(line.length).toBeLessThanOrEqual(24);
});
