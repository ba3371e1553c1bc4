import { describe, expect, test } from 'bun:test';
import { bytesFlag, cpusFlag, durationFlag, integerFlag, parseBytes, parseDuration } from './numbers.ts';

describe('numbers on the command line', () => {
	test('bytes', () => {
		expect(['0', '512', '1k', '1.5GiB', '10mb', '2 T'].map(parseBytes)).toEqual([
			0,
			512,
			1024,
			1610612736,
			10485760,
			2 * 1024 ** 4,
		]);
		for (const wrong of ['', '-1', 'k', '1x', '1kk', '0x10', '1e3'])
			expect(() => parseBytes(wrong)).toThrow('invalid size');
		expect(bytesFlag(true)('-1')).toBe('-1');
		expect(() => bytesFlag(false)('-1')).toThrow('invalid size');
	});

	test('durations', () => {
		expect(['1s', '1h30m', '1.5s', '100ms', '-2m', '0', '1us', '.5h'].map(parseDuration)).toEqual([
			1e9, 5400e9, 1.5e9, 1e8, -120e9, 0, 1000, 1800e9,
		]);
		expect(() => durationFlag('5')).toThrow('missing unit in duration "5"');
		expect(() => durationFlag('5x')).toThrow('unknown unit "x"');
		for (const wrong of ['', 's', '1s!', '+-1s']) expect(() => parseDuration(wrong)).toThrow();
	});

	test('CPUs', () => {
		expect(['1', '1.5', '.25', '0.000000001', '3/2', '1e1'].map(cpusFlag)).toEqual([
			'1000000000',
			'1500000000',
			'250000000',
			'1',
			'1500000000',
			'10000000000',
		]);
		expect(() => cpusFlag('0.0000000001')).toThrow('value is too precise');
		for (const wrong of ['', 'x', '1/0', '1/', '--1']) expect(() => cpusFlag(wrong)).toThrow();
	});

	test('whole numbers', () => {
		const parse = integerFlag('int');
		expect(['7', '-7', '+7', '0x10', '010', '0b11', '1_000'].map(parse)).toEqual([
			'7',
			'-7',
			'7',
			'16',
			'8',
			'3',
			'1000',
		]);
		for (const wrong of ['', 'x', '1.5', '08', '1_', '--1']) expect(() => parse(wrong)).toThrow('invalid syntax');
		expect(() => parse('9223372036854775808')).toThrow('value out of range');
		expect(() => integerFlag('uint16')('-1')).toThrow('strconv.ParseUint');
		expect(() => integerFlag('uint16')('70000')).toThrow('value out of range');
	});
});
