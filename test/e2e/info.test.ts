import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { cpus, hostname, release } from 'node:os';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine({ args: ['--label', 'zone=here', '--insecure-registry', 'reg:5000'] });
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const get = async (path: string) => JSON.parse((await engine.api('GET', path)).text);

test('containers by state, images, host and daemon', async () => {
	await engine.ok('run', '-d', '--name', 'runs', busybox, 'sleep', '600');
	await engine.ok('run', '-d', '--name', 'frozen', busybox, 'sleep', '600');
	await engine.ok('pause', 'frozen');
	await engine.ok('create', '--name', 'made', busybox);
	await engine.ok('run', '--name', 'over', busybox, 'true');
	const info = await get('/info');
	expect(info).toMatchObject({
		Containers: 4,
		ContainersRunning: 1,
		ContainersPaused: 1,
		ContainersStopped: 2,
		Images: 1,
		Driver: 'overlay2',
		Labels: ['zone=here'],
		Name: hostname(),
		NCPU: cpus().length,
		KernelVersion: release(),
		OSType: 'linux',
		Debug: false,
		LoggingDriver: 'json-file',
		DockerRootDir: `${engine.root}/data`,
		MemTotal: Number(/^MemTotal: +(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024,
		SystemTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
	});
	expect(Object.fromEntries(info.DriverStatus)).toMatchObject({
		'Backing Filesystem': 'extfs',
		'Supports d_type': 'true',
	});
	expect(info.RegistryConfig.InsecureRegistryCIDRs).toContain('127.0.0.0/8');
	expect(info.RegistryConfig.IndexConfigs['reg:5000']).toMatchObject({ Secure: false, Official: false });
	expect(info.NFd).toBeGreaterThan(3);
	expect(info.NGoroutines).toBeGreaterThan(0);
	expect(info.Runtimes[info.DefaultRuntime].path).toContain(info.DefaultRuntime);
	expect(info.Swarm.LocalNodeState).toBe('inactive');
	expect(info.InitBinary).toMatch(/^(docker-init|tini(-static)?)$/);
	await engine.ok('rm', '-f', 'runs', 'frozen', 'made', 'over');
});

test('what the kernel can limit is what a container’s limits do', async () => {
	const info = await get('/info');
	const forwarding = (await engine.inside('cat', '/proc/sys/net/ipv4/ip_forward')).stdout.trim() === '1';
	expect(info.IPv4Forwarding).toBe(forwarding);
	expect([info.MemoryLimit, info.PidsLimit, info.CPUSet, info.CPUShares, info.CpuCfsQuota]).toEqual([
		true,
		true,
		true,
		true,
		true,
	]);
	expect(
		await engine.ok('run', '--rm', '-m', '64m', '--pids-limit', '50', '--cpus', '0.5', busybox, 'echo', 'ran'),
	).toBe('ran');
	const warned = (info.Warnings ?? []).some((text: string) => text.includes('No swap limit'));
	expect(warned).toBe(!info.SwapLimit);
});

test('_ping by GET and HEAD', async () => {
	for (const method of ['GET', 'HEAD']) {
		const response = await fetch('http://localhost/_ping', { method, unix: engine.socket });
		expect(response.status).toBe(200);
		expect(await response.text()).toBe(method === 'GET' ? 'OK' : '');
		const { headers } = response;
		expect(headers.get('api-version')).toMatch(/^1\.\d+$/);
		expect(headers.get('docker-experimental')).toBe('false');
		expect(headers.get('ostype')).toBe('linux');
		expect(headers.get('cache-control')).toBe('no-cache, no-store, must-revalidate');
		expect(headers.get('pragma')).toBe('no-cache');
		expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
		expect(headers.get('server')).toMatch(/^\w+\/\S+ \(linux\)$/);
		expect(headers.get('content-length')).toBe(method === 'GET' ? '2' : '0');
	}
});

test('versions of the engine and of what it works with; too old and too new clients', async () => {
	const version = await get('/version');
	const names = version.Components.map(({ Name }: { Name: string }) => Name);
	expect(names).toContain('Engine');
	expect(names).toContain('runc');
	expect(names).toContain('docker-init');
	for (const { Version } of version.Components) expect(Version).toMatch(/^\d/);
	expect(version).toMatchObject({ Os: 'linux', KernelVersion: release() });
	const old = await engine.api('GET', '/v1.5/version');
	expect(old.status).toBe(400);
	expect(old.text).toContain(
		`client version 1.5 is too old. Minimum supported API version is ${version.MinAPIVersion}, please upgrade your client to a newer version`,
	);
	const late = await engine.api('GET', '/v9.99/version');
	expect(late.text).toContain(`client version 9.99 is too new. Maximum supported API version is ${version.ApiVersion}`);
});

test.skipIf(engineKind === 'dockerd')('a warning for an API that is open to everybody', async () => {
	const info = await get('/info');
	expect(info.Warnings.filter((text: string) => text.includes('API is accessible'))).toEqual([]);
	await using open = await startEngine({ args: ['-H', 'tcp://127.0.0.1:2375'] });
	const told = JSON.parse((await open.api('GET', '/info')).text);
	expect(told.Warnings[0]).toContain('API is accessible on http://127.0.0.1:2375 without encryption');
});
