import { expect, test } from 'bun:test';
import { parseByteSize } from './byte-size.ts';

test.each([
	['67108864', 67108864],
	['64m', 64 * 1024 ** 2],
	['64MiB', 64 * 1024 ** 2],
	['1.5 gb', 1.5 * 1024 ** 3],
	['512b', 512],
])('%s', (text, bytes) => expect(parseByteSize('size', text)).toBe(bytes));

test.each(['', '0', '-1', '64x', '64ib', 'm', '1e9', '9999999p'])('refuses %j', (text) =>
	expect(() => parseByteSize('default shm size', text)).toThrow(/^invalid default shm size/),
);
