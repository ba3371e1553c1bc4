import { describe, expect, test } from 'bun:test';
import { parseSignal } from '../../lib/signals.ts';
import { mergeImageConfig, processOf } from './life/create.ts';
import { decideRestart } from './life/restart-policy.ts';
import { jsonFileOptions } from './logs/file-drivers.ts';
import { checkLogConfig, settleLogConfig } from './logs/log-config.ts';
import { checkName, makeName } from './names.ts';
import { settleResources } from './spec/resources.ts';
import { parseDetachKeys, untilDetach } from './streams/detach-keys.ts';
import { everySupport, noLimits, plainConfig } from './values.test-support.ts';

const image = {
	Entrypoint: ['/entry'],
	Cmd: ['serve'],
	Env: ['PATH=/bin', 'A=image'],
	Labels: { one: 'image', two: 'image' },
	ExposedPorts: { '80/tcp': {} },
	WorkingDir: '/srv',
};

describe('image and user config', () => {
	test('the image gives what the user does not', () => {
		const merged = mergeImageConfig(
			{ ...plainConfig, env: ['A=user'], labels: { two: 'user' }, exposedPorts: ['53/udp'] },
			image,
		);
		expect(merged.env).toEqual(['A=user', 'PATH=/bin']);
		expect(merged.labels).toEqual({ one: 'image', two: 'user' });
		expect(merged.exposedPorts).toEqual(['53/udp', '80/tcp']);
		expect(merged.workingDir).toBe('/srv');
		expect(processOf(merged)).toEqual({ path: '/entry', args: ['serve'] });
	});
	test.each([
		[{ cmd: ['x'] }, ['/entry', 'x']],
		[{ entrypoint: ['/mine'] }, ['/mine']],
		[{ entrypoint: ['/mine'], cmd: ['y'] }, ['/mine', 'y']],
		[{ entrypoint: [''], cmd: ['z'] }, ['z']],
		[{ entrypoint: [] }, ['serve']],
	])('%j runs %j', (user, words) => {
		const { path, args } = processOf(mergeImageConfig({ ...plainConfig, ...user }, image));
		expect([path, ...args]).toEqual(words);
	});
	test('nothing to run is refused', () => {
		expect(() => processOf(mergeImageConfig(plainConfig, {}))).toThrow('no command specified');
	});
});

describe('names', () => {
	test.each(['a', '-a', '/', 'a b', 'a/b', 'é1', ''])('refuses %j', (name) => {
		expect(() => checkName(name)).toThrow(/Invalid container name/);
	});
	test('takes a leading slash off', () => expect(checkName('/web-1.x_y')).toBe('web-1.x_y'));
	test('makes one that is free', () => {
		const seen = new Set<string>();
		for (let n = 0; n < 200; n++) {
			const name = makeName((one) => seen.has(one));
			expect(seen.has(name)).toBe(false);
			expect(checkName(name)).toBe(name);
			seen.add(name);
		}
	});
});

describe('signals', () => {
	test.each([
		['KILL', 9],
		['SIGTERM', 15],
		['sigint', 2],
		['9', 9],
		['RTMIN+3', 37],
		['SIGRTMAX-1', 63],
	])('%s is %i', (text, number) => expect(parseSignal(text)).toBe(number));
	test.each(['FOO', '0', '65', '-9', '', 'RTMIN+40'])('refuses %j', (text) => {
		expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
	});
});

describe('restart policy', () => {
	const run = (name: 'no' | 'always' | 'unless-stopped' | 'on-failure', code: number, more: object = {}) =>
		decideRestart(
			{ manuallyStopped: false, restartCount: 0, policy: { name, maximumRetryCount: 0 }, ...more },
			{ code, ranFor: 50, previousDelay: 0, ...more },
		);
	test.each([
		['no', 1, false],
		['always', 0, true],
		['unless-stopped', 0, true],
		['on-failure', 0, false],
		['on-failure', 3, true],
	] as const)('%s after exit %i: %p', (name, code, restart) => expect(run(name, code).restart).toBe(restart));
	test('never after a stop by the user', () => expect(run('always', 1, { manuallyStopped: true }).restart).toBe(false));
	test('gives up after the maximum', () => {
		const policy = { name: 'on-failure', maximumRetryCount: 2 };
		expect(run('on-failure', 1, { policy, restartCount: 1 }).restart).toBe(true);
		expect(run('on-failure', 1, { policy, restartCount: 2 }).restart).toBe(false);
	});
	test('doubles the delay up to a minute and starts anew after a good run', () => {
		expect(run('always', 1)).toMatchObject({ delay: 100 });
		expect(run('always', 1, { previousDelay: 100 })).toMatchObject({ delay: 200 });
		expect(run('always', 1, { previousDelay: 50_000 })).toMatchObject({ delay: 60_000 });
		expect(run('always', 1, { previousDelay: 50_000, ranFor: 10_000 })).toMatchObject({ delay: 100 });
	});
});

describe('detach keys', () => {
	async function pass(chunks: string[], keys = ''): Promise<{ out: string; detached: boolean }> {
		let detached = false;
		const source = async function* () {
			for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
		};
		let out = '';
		for await (const chunk of untilDetach(source(), parseDetachKeys(keys), () => {
			detached = true;
		})) {
			out += Buffer.from(chunk).toString('latin1');
		}
		return { out, detached };
	}
	test('end the input, also when they come in two pieces', async () => {
		expect(await pass(['ab\x10', '\x11cd'])).toEqual({ out: 'ab', detached: true });
	});
	test('a beginning that goes on otherwise is passed on', async () => {
		expect(await pass(['a\x10b', '\x10\x10', 'c\x10'])).toEqual({ out: 'a\x10b\x10\x10c\x10', detached: false });
	});
	test('may be plain characters', async () => {
		expect(await pass(['xay'], 'a')).toEqual({ out: 'x', detached: true });
	});
	test('refuses nonsense', () => expect(() => parseDetachKeys('ctrl-1')).toThrow(/Invalid detach keys/));
});

describe('limits', () => {
	const host = {
		cpus: 2,
		hostname: 'h',
		defaultCgroupns: 'host',
		defaultNetwork: 'bridge',
		support: everySupport,
	} as const;
	test.each([
		[{ memory: 1000 }, /Minimum memory limit/],
		[{ memory: 2 ** 24, memorySwap: 2 ** 23 }, /memoryswap/],
		[{ memorySwap: 2 ** 24 }, /always set the Memory limit/],
		[{ nanoCpus: 3e9 }, /only 2 CPUs/],
		[{ nanoCpus: 1e9, cpuQuota: 5000 }, /Conflicting options/],
		[{ cpusetCpus: '0-5' }, /Requested CPUs are not available - requested 0-5, available: 0-1/],
		[{ cpusetMems: 'x' }, /Invalid value x for cpuset mems: invalid format: x/],
		[{ memorySwappiness: 101 }, /valid memory swappiness range is 0-100/],
		[{ ioMaximumIops: 1 }, /Invalid QoS settings/],
		[{ blkioWeight: 5 }, /Range of blkio weight/],
	])('%j is refused', (limits, message) => {
		expect(() => settleResources({ ...noLimits, ...limits }, host, { update: false })).toThrow(message);
	});
	test('a limit that the host cannot enforce is dropped, with a warning', () => {
		const support = { ...everySupport, pids: false, blkioReadBps: false };
		const asked = { ...noLimits, pidsLimit: 5, blkioReadBps: [{ path: '/dev/a', rate: 1 }], cpuPercent: 3 };
		const { limits, warnings } = settleResources(asked, { ...host, support }, { update: false });
		expect(limits).toEqual({ ...noLimits, blkioReadBps: [], cpuPercent: 0 });
		expect(warnings).toEqual([
			'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
			'linux does not support CPU percent. Percent discarded.',
			'Your kernel does not support BPS Block I/O read limit or the cgroup is not mounted. Block I/O BPS read limit discarded.',
		]);
	});
	test('an update may raise swap alone', () => {
		const asked = { ...noLimits, memorySwap: 2 ** 24 };
		expect(settleResources(asked, host, { update: true }).limits).toEqual(asked);
	});
});

describe('log options', () => {
	test('sizes, and the limits of a log that nobody gave any', () => {
		expect(jsonFileOptions({ 'max-size': '10k', 'max-file': '3' })).toEqual({
			maxSize: 10_000,
			maxFiles: 3,
			compress: false,
		});
		expect(jsonFileOptions({ 'max-size': '10k' }).maxFiles).toBe(1);
		expect(jsonFileOptions({})).toEqual({ maxSize: 100 * 1024 * 1024, maxFiles: 5, compress: false });
		expect(jsonFileOptions({ 'max-size': '-1' })).toEqual({ maxSize: -1, maxFiles: 1, compress: false });
	});
	test('the daemon’s options are for its own driver', () => {
		const defaults = { driver: 'json-file', options: { 'max-size': '1m' } };
		const settle = (logDriver: string, logOptions: Record<string, string>) =>
			settleLogConfig({ logDriver, logOptions }, defaults);
		expect(settle('', { tag: 'x' })).toEqual({ driver: 'json-file', options: { 'max-size': '1m', tag: 'x' } });
		expect(settle('json-file', { 'max-size': '2m' }).options).toEqual({ 'max-size': '2m' });
		expect(settle('local', {})).toEqual({ driver: 'local', options: {} });
	});
	test.each([
		['odd', {}, "logger: no log driver named 'odd' is registered"],
		['json-file', { nonsense: '1' }, "unknown log opt 'nonsense' for json-file log driver"],
		['json-file', { 'max-size': 'big' }, "failed to initialize logging driver: invalid size: 'big'"],
		['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
		['json-file', { 'max-size': '1k', compress: 'true' }, 'compress cannot be true when max-file is less than 2'],
		['json-file', { mode: 'odd' }, 'logger: logging mode not supported: odd'],
		['json-file', { 'max-buffer-size': '1m' }, "only supported with 'mode=non-blocking'"],
		['local', { labels: 'a' }, "unknown log opt 'labels' for log driver local"],
		['syslog', { 'syslog-address': 'foo' }, 'syslog-address should be in form proto://address, got foo'],
		['syslog', { 'syslog-address': 'unix:///nope' }, 'stat /nope: no such file or directory'],
		['syslog', { 'syslog-facility': 'odd' }, 'invalid syslog facility'],
		['syslog', { 'syslog-format': 'odd' }, 'Invalid syslog format'],
		['syslog', { 'cache-disabled': 'maybe' }, 'invalid value for option cache-disabled: maybe'],
		['fluentd', { 'fluentd-buffer-limit': 'x' }, "invalid size: 'x'"],
		['fluentd', { 'fluentd-retry-wait': 'x' }, 'time: invalid duration "x"'],
		['fluentd', { 'fluentd-max-retries': 'x' }, 'strconv.ParseUint: parsing "x": invalid syntax'],
		['gelf', {}, 'gelf-address is a required parameter'],
		['gelf', { 'gelf-address': 'udp://foo' }, 'gelf: please provide gelf-address as proto://host:port'],
		[
			'gelf',
			{ 'gelf-address': 'tcp://foo:1', 'gelf-compression-type': 'gzip' },
			'compression is only supported on UDP',
		],
		['journald', { a: 'b' }, "unknown log opt 'a' for journald log driver"],
	] as const)('%s %j is refused', (driver, options, message) => {
		expect(() => checkLogConfig({ driver, options })).toThrow(message);
	});
});
