import { expect, test } from 'bun:test';
import { BoundedOutput } from './bounded-output.ts';
import {
	afterProbe,
	checkHealthcheck,
	checkOf,
	type HealthState,
	mergeHealthcheck,
	nextProbe,
	startingHealth,
} from './healthcheck.ts';

const check = checkOf({
	healthcheck: { Test: ['CMD-SHELL', 'x'], Interval: 2e9, StartPeriod: 4e9, Retries: 2 },
	shell: null,
})!;
const result = (exitCode: number) => ({ start: 's', end: 'e', exitCode, output: '' });

/** The states that a row of (exit code, age in milliseconds) leads through. */
function run(...probes: readonly (readonly [number, number])[]): string[] {
	let health: HealthState = startingHealth(undefined);
	return probes.map(([code, age]) => {
		health = afterProbe(health, result(code), age, check);
		return `${health.status} ${health.failingStreak}`;
	});
}

test('defaults, units and shells', () => {
	expect(checkOf({ healthcheck: { Test: ['CMD', 'a', 'b'] }, shell: null })).toEqual({
		command: ['a', 'b'],
		interval: 30_000,
		timeout: 30_000,
		startPeriod: 0,
		startInterval: 5_000,
		retries: 3,
	});
	expect(check).toMatchObject({ command: ['/bin/sh', '-c', 'x'], interval: 2000, startPeriod: 4000, retries: 2 });
	expect(checkOf({ healthcheck: { Test: ['CMD-SHELL', 'x'] }, shell: ['/bin/bash', '-ec'] })?.command).toEqual([
		'/bin/bash',
		'-ec',
		'x',
	]);
	for (const Test of [[], ['NONE'], ['BAD', 'x']]) expect(checkOf({ healthcheck: { Test }, shell: null })).toBeNull();
	expect(checkOf({ healthcheck: null, shell: null })).toBeNull();
});

test('the user’s fields win over the image’s, one by one', () => {
	const image = { Test: ['CMD', 'image'], Interval: 1e9, Retries: 7 };
	expect(mergeHealthcheck(null, undefined)).toBeNull();
	expect(mergeHealthcheck(null, image)).toEqual(image);
	expect(mergeHealthcheck({ Test: [], Interval: 5e9 }, image)).toMatchObject({ ...image, Interval: 5e9 });
	expect(mergeHealthcheck({ Test: ['NONE'] }, image)?.Test).toEqual(['NONE']);
});

test('what dockerd refuses is refused in its words', () => {
	expect(() => checkHealthcheck({ Interval: 5 })).toThrow('Interval in Healthcheck cannot be less than 1ms');
	expect(() => checkHealthcheck({ StartInterval: -1 })).toThrow('StartInterval in Healthcheck cannot be less than 1ms');
	expect(() => checkHealthcheck({ Retries: -1 })).toThrow('Retries in Healthcheck cannot be negative');
	expect(() => checkHealthcheck({ Timeout: 1e6, Retries: 1 })).not.toThrow();
});

test('failures count after the start period, and one success ends it', () => {
	expect(run([1, 1000], [1, 3000], [1, 5000], [1, 7000])).toEqual([
		'starting 0',
		'starting 0',
		'starting 1',
		'unhealthy 2',
	]);
	expect(run([0, 1000], [1, 2000], [1, 3000], [0, 4000])).toEqual([
		'healthy 0',
		'healthy 1',
		'unhealthy 2',
		'healthy 0',
	]);
});

test('probes come faster while it starts', () => {
	const starting = startingHealth(undefined);
	expect(nextProbe(starting, 0, check)).toBe(5000);
	expect(nextProbe(starting, 4000, check)).toBe(2000);
	expect(nextProbe({ ...starting, status: 'healthy' }, 0, check)).toBe(2000);
});

test('the last five results are kept, over a start too', () => {
	let health = startingHealth(undefined);
	for (let code = 1; code <= 7; code++) health = afterProbe(health, result(code), 0, check);
	expect(startingHealth(health)).toMatchObject({ status: 'starting', failingStreak: 0 });
	expect(startingHealth(health).log.map((one) => one.exitCode)).toEqual([3, 4, 5, 6, 7]);
});

test('output is taken from frames that are cut anywhere, up to 4096 bytes', () => {
	const frame = (text: string) =>
		Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, text.length >> 8, text.length]), Buffer.from(text)]);
	const bytes = Buffer.concat([frame('one '), frame('two')]);
	for (let cut = 0; cut <= bytes.length; cut++) {
		const output = new BoundedOutput();
		output.push(bytes.subarray(0, cut));
		output.push(bytes.subarray(cut));
		expect(output.text()).toBe('one two');
	}
	const long = new BoundedOutput();
	long.push(frame('x'.repeat(4096)));
	expect(long.text()).toBe('x'.repeat(4096));
	long.push(frame('y'));
	expect(long.text()).toBe(`${'x'.repeat(4096)}...`);
});
