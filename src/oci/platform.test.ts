import { describe, expect, test } from 'bun:test';
import { hostPlatform, matchPlatform, parsePlatform, printPlatform } from './platform.ts';

describe('platforms', () => {
	test.each([
		['linux/amd64', 'linux/amd64'],
		['linux/x86_64', 'linux/amd64'],
		['Linux/AArch64', 'linux/arm64'],
		['linux/arm64/v8', 'linux/arm64/v8'],
		['linux/armhf', 'linux/arm/v7'],
		['linux/armel', 'linux/arm/v6'],
		['linux/arm', 'linux/arm/v7'],
		['linux/arm/6', 'linux/arm/v6'],
		['linux/i386', 'linux/386'],
		['windows/amd64', 'windows/amd64'],
		['arm64', 'linux/arm64'],
		['linux', printPlatform({ ...hostPlatform(), os: 'linux' })],
	])('%s is %s', (text, printed) => {
		expect(printPlatform(parsePlatform(text))).toBe(printed);
	});

	test.each(['', '/', 'linux/', 'linux/a/b/c', 'linux/am d64', 'linux/amd64\n'])('refuses %j', (text) => {
		expect(() => parsePlatform(text)).toThrow('is an invalid platform');
	});

	test.each<[string, string, number | undefined]>([
		['linux/amd64', 'linux/amd64', 0],
		['linux/amd64', 'linux/386', 100],
		['linux/386', 'linux/amd64', undefined],
		['linux/arm64', 'linux/arm64/v8', 0],
		['linux/arm64/v8', 'linux/arm64', 0],
		['linux/arm/v7', 'linux/arm/v6', 10],
		['linux/arm/v6', 'linux/arm/v7', undefined],
		['linux/amd64', 'windows/amd64', undefined],
		['linux/amd64', 'linux/amd64/v3', undefined],
		['linux/amd64/v3', 'linux/amd64', 20],
		['linux/arm64', 'linux/arm/v7', undefined],
	])('%s served by %s: %p', (wanted, candidate, cost) => {
		expect(matchPlatform(parsePlatform(wanted), parsePlatform(candidate))).toBe(cost);
	});
});
