import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

/** `--init`: process 1 is a program that forwards signals and reaps. */

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
const exitCode = (name: string) => engine.ok('inspect', '-f', '{{.State.ExitCode}}', name);
const initOf = (name: string, on = engine) => on.ok('inspect', '-f', '{{json .HostConfig.Init}}', name);
/** docker top without the pids. */
const commands = async (name: string) =>
	(await engine.ok('top', name, '-o', 'pid,args')).split('\n').map((line) => line.replace(/^\S+\s+/, ''));
const firstWord = 'tr "\\0" "\\n" </proc/1/cmdline | head -1';
/** Lets a process end whose parent ended before, and says what became of it. */
const orphan = `mkfifo /gate
	pid=$(sh -c 'cat /gate >/dev/null & echo $!')
	: >/gate
	for try in 1 2 3 4 5 6 7 8 9 10; do [ -e /proc/$pid ] || break; sleep 0.1; done
	if [ -e /proc/$pid ]; then grep State /proc/$pid/status; else echo reaped; fi`;

test('process 1 is the init, the command its child, and both are in docker top', async () => {
	await start('with', '--init');
	await start('without');
	expect(await engine.ok('exec', 'with', 'sh', '-c', firstWord)).toBe('/sbin/docker-init');
	expect(await engine.ok('exec', 'without', 'sh', '-c', firstWord)).toBe('sleep');
	expect(await commands('with')).toEqual(['COMMAND', '/sbin/docker-init -- sleep 600', 'sleep 600']);
	expect([await initOf('with'), await initOf('without')]).toEqual(['true', 'null']);
	// What is shown is the command.
	expect(await engine.ok('inspect', '-f', '{{.Path}} {{.Args}}', 'with')).toBe('sleep [600]');
	const info = JSON.parse((await engine.api('GET', '/info')).text);
	expect(info.InitBinary).not.toBe('');
});

test('signals reach the command, and its exit code is the container’s', async () => {
	const script = 'trap "exit 42" TERM; echo ready; sleep 600 & wait';
	await engine.ok('run', '-d', '--init', '--name', 'traps', busybox, 'sh', '-c', script);
	expect(await engine.lines(1, 'logs', '-f', 'traps')).toEqual(['ready']);
	await engine.ok('stop', '-t', '30', 'traps');
	expect(await exitCode('traps')).toBe('42');
	// As process 1, a sleep would not hear of it.
	await start('plain', '--init');
	await engine.ok('stop', '-t', '30', 'plain');
	expect(await exitCode('plain')).toBe('143');
	expect((await engine.docker('run', '--rm', '--init', busybox, 'sh', '-c', 'exit 7')).code).toBe(7);
});

test('orphans are reaped, those of an exec too', async () => {
	await start('with', '--init');
	await start('without');
	expect(await engine.ok('exec', 'with', 'sh', '-c', orphan)).toBe('reaped');
	expect(await engine.ok('exec', 'without', 'sh', '-c', orphan)).toMatch(/^State:\s+Z/);
});

test('in the process namespace of others there is an init already, or none is wanted', async () => {
	await start('owner');
	await start('guest', '--init', '--pid', 'container:owner');
	expect(await engine.ok('exec', 'guest', 'sh', '-c', firstWord)).toBe('sleep');
	expect(await commands('guest')).toEqual(['COMMAND', 'sleep 600']);
	await start('open', '--init', '--pid', 'host');
	expect(await commands('open')).toEqual(['COMMAND', 'sleep 600']);
});

test('the daemon may say so for all, and a container may say otherwise', async () => {
	await using other = await startEngine({ args: ['--init'] });
	await other.loadBusybox();
	for (const [name, ...flags] of [['silent'], ['against', '--init=false'], ['for', '--init=true']] as const) {
		await other.ok('run', '-d', '--name', name, ...flags, busybox, 'sleep', '600');
	}
	const first = (name: string) => other.ok('exec', name, 'sh', '-c', firstWord);
	expect([await first('silent'), await first('against'), await first('for')]).toEqual([
		'/sbin/docker-init',
		'sleep',
		'/sbin/docker-init',
	]);
	const shown = [await initOf('silent', other), await initOf('against', other), await initOf('for', other)];
	expect(shown).toEqual(['null', 'false', 'true']);
});

test('another program by init-path, and a clear word when it cannot be run', async () => {
	const program = `${engine.work}/my-init`;
	await using other = await startEngine({ args: ['--init-path', program] });
	await other.loadBusybox();
	await other.ok('create', '--name', 'plain', busybox, 'true');
	if (engineKind === 'gantry') {
		const refused = async () => {
			const { code, stderr } = await other.docker('run', '--rm', '--init', busybox, 'true');
			expect(code).toBe(125);
			expect(stderr).toContain(
				`--init needs an init program: the daemon's init-path ${program} must be an executable file`,
			);
		};
		await refused();
		writeFileSync(program, '', { mode: 0o600 });
		await refused();
		expect(await other.ok('ps', '-a', '--format', '{{.Names}}')).toBe('plain');
	}
	const copied = await engine.inside('install', '-m', '755', '/bin/busybox', program);
	expect(copied.code).toBe(0);
	// It is called as an init is, with the command after "--"; busybox by this name is none, and says so.
	const { stderr } = await other.docker('run', '--rm', '--init', busybox, 'true');
	expect(stderr).toContain('docker-init: applet not found');
});
