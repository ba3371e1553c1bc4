import { expect, test } from 'bun:test';
import { binarySize, ellipsis, humanDuration, humanSize, shortId } from './units.ts';

test.each([
	[0, '0B'],
	[999, '999B'],
	[1000, '1kB'],
	[1_980_000, '1.98MB'],
	[999_900, '1e+03kB'],
	[123_456_789, '123MB'],
	[1_500_000_000_000, '1.5TB'],
])('%d bytes', (bytes, text) => expect(humanSize(bytes)).toBe(text));

test('more digits and powers of 1024', () => {
	expect(humanSize(3_145_728, 4)).toBe('3.146MB');
	expect(binarySize(8_229_000_000)).toBe('7.664GiB');
	expect(binarySize(64 * 1024 * 1024)).toBe('64MiB');
});

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
test.each([
	[0, 'Less than a second'],
	[second, '1 second'],
	[59.9 * second, '59 seconds'],
	[minute, 'About a minute'],
	[2 * minute, '2 minutes'],
	[59 * minute, '59 minutes'],
	[hour, 'About an hour'],
	[1.5 * hour, '2 hours'],
	[47 * hour, '47 hours'],
	[2 * day, '2 days'],
	[13 * day, '13 days'],
	[14 * day, '2 weeks'],
	[59 * day, '8 weeks'],
	[60 * day, '2 months'],
	[729 * day, '24 months'],
	[730 * day, '2 years'],
])('%d ms', (milliseconds, text) => expect(humanDuration(milliseconds)).toBe(text));

test('ids and ellipses', () => {
	expect(shortId(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
	expect(ellipsis('echo hello', 20)).toBe('echo hello');
	expect(ellipsis('echo hello', 5)).toBe('echo…');
});
