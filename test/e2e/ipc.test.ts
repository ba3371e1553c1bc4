import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { busybox, startEngine, type TestEngine } from '../support/daemon.ts';

/** IPC namespaces and shared memory: private, shareable, another container's, the host's. */

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());
afterEach(async () => {
	const ids = (await engine.ok('ps', '-aq')).split('\n').filter(Boolean);
	if (ids.length > 0) await engine.ok('rm', '-f', ...ids);
});

const start = (name: string, ...flags: string[]) =>
	engine.ok('run', '-d', '--name', name, ...flags, busybox, 'sleep', '600');
const inside = (name: string, script: string) => engine.ok('exec', name, 'sh', '-c', script);

test('a shareable container gives its namespace and its memory, of the size asked for', async () => {
	await start('donor', '--ipc', 'shareable', '--shm-size', '1m');
	await start('guest', '--ipc', 'container:donor');
	await inside('donor', 'echo word >/dev/shm/note');
	expect(await inside('guest', 'cat /dev/shm/note')).toBe('word');
	expect(await inside('guest', 'readlink /proc/self/ns/ipc')).toBe(await inside('donor', 'readlink /proc/self/ns/ipc'));
	expect(await inside('guest', 'df -k /dev/shm | tail -1 | tr -s " " | cut -d " " -f 2')).toBe('1024');
	expect(await inside('donor', 'grep " /dev/shm " /proc/mounts | cut -d " " -f 3')).toBe('tmpfs');
	// The memory is there for as long as somebody has it.
	await engine.ok('rm', '-f', 'donor');
	expect(await inside('guest', 'cat /dev/shm/note')).toBe('word');
});

test('it outlives the daemon, and a new start has new memory', async () => {
	await start('donor', '--ipc', 'shareable');
	await inside('donor', 'echo word >/dev/shm/note');
	await engine.kill9();
	await engine.start();
	await start('guest', '--ipc', 'container:donor');
	expect(await inside('guest', 'cat /dev/shm/note')).toBe('word');
	await engine.ok('restart', '-t', '0', 'donor');
	expect(await inside('donor', 'ls /dev/shm')).toBe('');
});

test('who cannot be joined is named, with the reason', async () => {
	const donor = await start('donor', '--ipc', 'shareable');
	await start('shy');
	const refused = async (...flags: string[]) => {
		const { code, stderr } = await engine.docker('run', '--rm', ...flags, busybox, 'true');
		expect(code).toBeGreaterThanOrEqual(125);
		return stderr;
	};
	for (const mode of ['IpcMode', 'PidMode']) {
		const body = { Image: busybox, HostConfig: { [mode]: 'container:nobody' } };
		expect(await engine.api('POST', '/containers/create', body)).toMatchObject({
			status: 400,
			text: '{"message":"No such container: nobody"}\n',
		});
	}
	expect(await refused('--ipc', 'container:shy')).toContain(
		"can't join IPC of container shy: non-shareable IPC (hint: use IpcMode:shareable for the donor container)",
	);
	await engine.ok('stop', '-t', '0', 'donor');
	expect(await refused('--ipc', 'container:donor')).toContain(
		`can't join IPC of container donor: container ${donor} is not running`,
	);
	expect(await refused('--pid', 'container:donor')).toContain(`container ${donor} is not running`);
	expect(await engine.ok('ps', '-a', '--format', '{{.Names}}')).toBe('shy\ndonor');
});

test('a private one shares nothing, and a mount of the user’s lies over the shared one', async () => {
	await start('shy');
	await start('other');
	expect(await inside('shy', 'readlink /proc/self/ns/ipc')).not.toBe(
		await inside('other', 'readlink /proc/self/ns/ipc'),
	);
	await start('own', '--ipc', 'shareable', '--tmpfs', '/dev/shm:size=4m');
	expect(await inside('own', 'df -k /dev/shm | tail -1 | tr -s " " | cut -d " " -f 2')).toBe('4096');
	expect(await engine.ok('inspect', '-f', '{{.HostConfig.IpcMode}}', 'shy', 'own')).toBe('private\nshareable');
});
