import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { run } from '../support/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-reload-'));
const file = join(folder, 'daemon.json');
const base = engineKind === 'dockerd' ? {} : { 'live-restore': true };
let engine: TestEngine;
beforeAll(async () => {
	write({ labels: ['a=1'], debug: false });
	engine = await startEngine({ args: ['--config-file', file] });
	await engine.loadBusybox();
});
afterAll(async () => {
	await engine.close();
	rmSync(folder, { recursive: true });
});

function write(config: Readonly<Record<string, unknown>> | string): void {
	writeFileSync(file, typeof config === 'string' ? config : JSON.stringify({ ...base, ...config }));
}
const info = async () => JSON.parse((await engine.api('GET', '/info')).text);

let reloads = 0;

/** Sends SIGHUP and waits for what tells that it was done. */
async function reload(): Promise<Record<string, string>> {
	process.kill(engine.pid(), 'SIGHUP');
	const filters = ['--filter', 'type=daemon', '--filter', 'event=reload'];
	const lines = await engine.lines(++reloads, 'events', '--since', '1', ...filters, '--format', '{{json .}}');
	const event = JSON.parse(lines.at(-1) ?? '{}');
	expect(event.Actor.ID).toBe((await info()).ID);
	return event.Actor.Attributes;
}

/** Sends SIGHUP with a file that cannot be, and waits for the log to say so. */
async function refused(config: Readonly<Record<string, unknown>> | string, pattern: RegExp): Promise<void> {
	write(config);
	const from = engine.log().length;
	process.kill(engine.pid(), 'SIGHUP');
	// A request after the signal: the log has it when the signal was handled.
	for (let tries = 0; tries < 200 && !pattern.test(engine.log().slice(from)); tries++)
		await engine.api('GET', '/_ping');
	expect(engine.log().slice(from)).toMatch(pattern);
}

test('what a running daemon takes over, and the event that tells of it', async () => {
	expect((await info()).Labels).toEqual(['a=1']);
	write({
		labels: ['a=2', 'b=3'],
		debug: true,
		'insecure-registries': ['reg:5000', '10.1.0.0/16'],
		'registry-mirrors': ['https://mirror.test'],
		'max-concurrent-downloads': 7,
		'max-download-attempts': 2,
		'shutdown-timeout': 20,
		'default-shm-size': '12m',
		'default-ipc-mode': 'shareable',
	});
	const attributes = await reload();
	expect(attributes).toMatchObject({
		debug: 'true',
		features: 'map[]',
		'insecure-registries': '["reg:5000","10.1.0.0/16"]',
		labels: '["a=2","b=3"]',
		'max-concurrent-downloads': '7',
		'max-download-attempts': '2',
		'registry-mirrors': '["https://mirror.test"]',
		'shutdown-timeout': '20',
		'default-ipc-mode': 'shareable',
		'default-shm-size': '12582912',
		name: (await info()).Name,
	});
	const after = await info();
	expect(after).toMatchObject({ Labels: ['a=2', 'b=3'], Debug: true });
	expect(after.RegistryConfig.Mirrors).toEqual(['https://mirror.test/']);
	expect(after.RegistryConfig.InsecureRegistryCIDRs).toContain('10.1.0.0/16');
	expect(after.RegistryConfig.IndexConfigs['reg:5000'].Secure).toBe(false);
	write({ labels: ['a=1'], debug: false });
	await reload();
	expect(await info()).toMatchObject({ Labels: ['a=1'], Debug: false });
});

test('the size of /dev/shm that containers get who do not say, from the file as it was at their creation', async () => {
	const create = (...options: string[]) =>
		engine.ok('create', ...options, busybox, 'grep', ' /dev/shm ', '/proc/mounts');
	const sizeOf = async (id: string) => Number(await engine.ok('inspect', '--format', '{{.HostConfig.ShmSize}}', id));
	write({ labels: ['a=1'], debug: false, 'default-shm-size': '12m' });
	await reload();
	const [small, own] = [await create(), await create('--shm-size', '5m')];
	write({ labels: ['a=1'], debug: false, 'default-shm-size': '24m' });
	await reload();
	const large = await create();
	expect(await Promise.all([small, own, large].map(sizeOf))).toEqual([12582912, 5242880, 25165824]);
	expect(await engine.ok('start', '-a', small)).toContain('size=12288k');
	expect(await engine.ok('start', '-a', large)).toContain('size=24576k');
	await engine.ok('rm', small, own, large);
	write({ labels: ['a=1'], debug: false });
	await reload();
});

test('a file that cannot be changes nothing, not even by half, and the log says why', async () => {
	await refused({ debug: true, labels: ['nonsense'] }, /bad attribute format: nonsense/);
	await refused('{"debug": tru', /configure the (Docker )?daemon with file/);
	await refused({ debug: true, bogus: 1 }, /don't match any configuration option: bogus/);
	await refused({ debug: true, 'registry-mirrors': ['ftp://x'] }, /invalid mirror: unsupported scheme/);
	expect(await info()).toMatchObject({ Labels: ['a=1'], Debug: false });
	write({ labels: ['a=1'], debug: false });
	await reload();
});

test.skipIf(engineKind === 'dockerd')('what waits for the next start is named; debug logs at once', async () => {
	write({ labels: ['a=1'], mtu: 1400, debug: true });
	await reload();
	expect(engine.log()).toContain('takes effect at the next start of the daemon: mtu');
	write({ labels: ['a=1'], debug: false });
	await reload();
});

const validate = async (config: Readonly<Record<string, unknown>>, ...flags: string[]) => {
	const path = join(folder, 'validate.json');
	writeFileSync(path, JSON.stringify(config));
	return run({ argv: [gantryProgram, 'daemon', '--validate', '--config-file', path, ...flags] });
};

test.skipIf(engineKind === 'dockerd')(
	'dockerd’s other settings: what is so anyway is taken, the rest is refused by name',
	async () => {
		const same = { 'live-restore': true, iptables: true, 'storage-driver': 'overlay2', features: { buildkit: false } };
		expect((await validate(same)).stdout).toBe('configuration OK\n');
		expect((await validate({}, '--iptables', '--storage-driver', 'overlay2', '--userland-proxy=false')).code).toBe(0);
		const wrong = async (config: Readonly<Record<string, unknown>>, ...flags: string[]) => {
			const { code, stderr } = await validate(config, ...flags);
			expect(code).toBe(1);
			expect(stderr.trim().split('\n').length).toBe(1);
			return stderr;
		};
		expect(await wrong({ 'live-restore': false })).toContain(
			'live-restore=false is not supported: containers always outlive the daemon',
		);
		expect(await wrong({ 'userns-remap': 'default' })).toContain('userns-remap is not supported');
		expect(await wrong({ features: { cdi: true } })).toContain('the feature cdi is not supported');
		expect(await wrong({ 'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }] })).toContain(
			'default-address-pools is',
		);
		expect(await wrong({}, '--cpu-rt-period', '1')).toContain(
			'--cpu-rt-period is not supported: give --cpu-rt-period to each container',
		);
		expect(await wrong({}, '--icc=false')).toContain('--icc=false is not supported');
		expect(await wrong({ 'max-concurrent-downloads': 0 })).toContain('invalid max concurrent downloads: 0');
		expect(await wrong({ 'insecure-registries': ['http://x'] })).toContain("should not contain '://'");
		expect(await wrong({ 'insecure-registries': ['10.0.0.0/99'] })).toContain('10.0.0.0/99');
		expect(await wrong({ 'default-cgroupns-mode': 'x' })).toContain('default cgroup namespace mode (x) is invalid');
	},
);
