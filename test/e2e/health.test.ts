import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { busybox, engineKind, now, startEngine, type TestEngine } from '../support/daemon.ts';
import { busyboxImage, writeDockerArchive } from '../support/image-builder.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());
afterEach(async () => {
	const ids = (await engine.ok('ps', '-aq')).split('\n').filter((id) => id !== '');
	if (ids.length > 0) await engine.ok('rm', '-f', ...ids);
});

interface Health {
	readonly Status: string;
	readonly FailingStreak: number;
	readonly Log: readonly {
		readonly ExitCode: number;
		readonly Output: string;
		readonly Start: string;
		readonly End: string;
	}[];
}

const health = async (name: string): Promise<Health> =>
	JSON.parse(await engine.ok('inspect', '-f', '{{json .State.Health}}', name));
const status = (name: string) => engine.ok('ps', '-a', '--filter', `name=${name}`, '--format', '{{.Status}}');
const watched = (name: string, command: string, ...flags: string[]) =>
	engine.ok(
		'run',
		'-d',
		'--name',
		name,
		'--health-cmd',
		command,
		'--health-interval',
		'200ms',
		...flags,
		busybox,
		'sleep',
		'600',
	);

/** Waits for so many events of a container since its creation. */
const told = (count: number, name: string, event: string) =>
	engine.lines(
		count,
		'events',
		'--since',
		'1',
		'--filter',
		`container=${name}`,
		'--filter',
		`event=${event}`,
		'--format',
		'{{.Action}}',
	);

test('starting, healthy, unhealthy, healthy again: state, status, filter, events', async () => {
	await watched(
		'turns',
		'test -e /ok || { echo not yet; exit 3; }',
		'--health-retries',
		'2',
		'--health-start-period',
		'1h',
		...(engineKind === 'dockerd' ? [] : ['--health-start-interval', '200ms']),
	);
	expect(await status('turns')).toEndWith('(health: starting)');
	await told(2, 'turns', 'exec_die');
	expect(await health('turns')).toMatchObject({ Status: 'starting', FailingStreak: 0 });
	expect(await engine.ok('ps', '--filter', 'health=starting', '--format', '{{.Names}}')).toBe('turns');
	await engine.ok('exec', 'turns', 'touch', '/ok');
	await told(1, 'turns', 'health_status');
	expect(await status('turns')).toEndWith('(healthy)');
	await engine.ok('exec', 'turns', 'rm', '/ok');
	await told(2, 'turns', 'health_status');
	const sick = await health('turns');
	expect([sick.Status, sick.FailingStreak]).toEqual(['unhealthy', 2]);
	expect(sick.Log.at(-1)).toMatchObject({ ExitCode: 3, Output: 'not yet\n' });
	expect(sick.Log.length).toBeLessThanOrEqual(5);
	expect(Date.parse(sick.Log.at(-1)!.End)).toBeGreaterThanOrEqual(Date.parse(sick.Log.at(-1)!.Start));
	expect(await status('turns')).toEndWith('(unhealthy)');
	expect(await engine.ok('ps', '--filter', 'health=unhealthy', '--format', '{{.Names}}')).toBe('turns');
	await engine.ok('exec', 'turns', 'touch', '/ok');
	expect(await told(3, 'turns', 'health_status')).toEqual([
		'health_status: healthy',
		'health_status: unhealthy',
		'health_status: healthy',
	]);
});

test('a probe is an exec: its events, in order', async () => {
	await watched('probed', 'echo fine');
	const actions = await engine.lines(
		5,
		'events',
		'--since',
		'1',
		'--filter',
		'container=probed',
		'--format',
		'{{.Action}}',
	);
	await told(1, 'probed', 'health_status');
	expect(actions.slice(2)).toEqual([
		'exec_create: /bin/sh -c echo fine',
		'exec_start: /bin/sh -c echo fine',
		'exec_die',
	]);
});

test('CMD runs without a shell, as the container’s user and in its directory', async () => {
	const created = await engine.api('POST', '/containers/create?name=exact', {
		Image: busybox,
		Cmd: ['sleep', '600'],
		User: '12:34',
		WorkingDir: '/tmp',
		Env: ['WORD=from the container'],
		Healthcheck: { Test: ['CMD', 'sh', '-c', 'id -u; id -g; pwd; echo "$WORD"'], Interval: 200_000_000 },
	});
	expect(created.status).toBe(201);
	await engine.ok('start', 'exact');
	await told(1, 'exact', 'health_status');
	expect((await health('exact')).Log[0]?.Output).toBe('12\n34\n/tmp\nfrom the container\n');
});

test('a command that is not there, and one that says too much', async () => {
	await engine.api('POST', '/containers/create?name=absent', {
		Image: busybox,
		Cmd: ['sleep', '600'],
		Healthcheck: { Test: ['CMD', 'no-such-program'], Interval: 200_000_000, Retries: 1 },
	});
	await engine.ok('start', 'absent');
	await told(1, 'absent', 'health_status');
	const [first] = (await health('absent')).Log;
	expect([first?.ExitCode, first?.Output]).toEqual([-1, expect.stringContaining('executable file not found in $PATH')]);
	await watched('talks', 'head -c 5000 /dev/zero | tr "\\0" x');
	await told(1, 'talks', 'health_status');
	expect((await health('talks')).Log[0]?.Output).toBe(`${'x'.repeat(4096)}...`);
});

test('a probe that takes too long is killed with all that it started', async () => {
	await watched(
		'slow',
		'sleep 61 & sleep 62; true',
		'--health-timeout',
		'500ms',
		'--health-retries',
		'1',
		'--health-interval',
		'2s',
	);
	await told(1, 'slow', 'health_status');
	const { Log } = await health('slow');
	expect(Log[0]).toMatchObject({ ExitCode: -1, Output: 'Health check exceeded timeout (500ms)' });
	if (engineKind === 'dockerd') return;
	await engine.ok('pause', 'slow');
	const left = await engine.ok('top', 'slow');
	expect(
		left
			.split('\n')
			.filter((line) => line.includes('sleep 6'))
			.filter((line) => !line.includes('sleep 600')),
	).toEqual([]);
	await engine.ok('unpause', 'slow');
});

test('nobody looks while it is paused or stopped, and a start begins anew', async () => {
	await watched('rests', 'true');
	await told(1, 'rests', 'health_status');
	await engine.ok('pause', 'rests');
	expect((await health('rests')).Status).toBe('unhealthy');
	expect(await status('rests')).toEndWith('(Paused)');
	await engine.ok('unpause', 'rests');
	await told(2, 'rests', 'health_status');
	await engine.ok('stop', '-t', '0', 'rests');
	const stopped = await health('rests');
	expect(stopped.Status).toBe('unhealthy');
	expect(await status('rests')).toStartWith('Exited (137)');
	await engine.ok('start', 'rests');
	const again = await health('rests');
	expect([again.Status, again.Log.length >= stopped.Log.length]).toEqual(['starting', true]);
});

test('without a check there is no health', async () => {
	await engine.ok('run', '-d', '--name', 'plain', busybox, 'sleep', '600');
	await engine.ok('run', '-d', '--name', 'none', '--no-healthcheck', busybox, 'sleep', '600');
	await engine.ok('create', '--name', 'unborn', '--health-cmd', 'true', busybox);
	for (const name of ['plain', 'none', 'unborn']) {
		expect(await engine.ok('inspect', '-f', '{{json .State.Health}}', name)).toBe('null');
	}
	expect((await engine.ok('ps', '--filter', 'health=none', '--format', '{{.Names}}')).split('\n')).toEqual([
		'none',
		'plain',
	]);
	expect(await engine.ok('inspect', '-f', '{{json .Config.Healthcheck}}', 'none', 'unborn')).toBe(
		'{"Test":["NONE"]}\n{"Test":["CMD-SHELL","true"]}',
	);
});

test('the image’s check holds, field by field, unless it is replaced', async () => {
	const config = {
		Cmd: ['sleep', '600'],
		Healthcheck: { Test: ['CMD-SHELL', 'echo image'], Interval: 7e9, Retries: 9 },
	};
	writeDockerArchive(`${engine.work}/checked.tar`, busyboxImage({ config }), 'checked:1');
	await engine.ok('load', '-q', '-i', `${engine.work}/checked.tar`);
	const shown = async (name: string) =>
		JSON.parse(await engine.ok('inspect', '-f', '{{json .Config.Healthcheck}}', name));
	await engine.ok('create', '--name', 'same', 'checked:1');
	expect(await shown('same')).toEqual({ Test: ['CMD-SHELL', 'echo image'], Interval: 7e9, Retries: 9 });
	await engine.ok('create', '--name', 'other', '--health-interval', '5s', '--health-timeout', '2s', 'checked:1');
	expect(await shown('other')).toEqual({ Test: ['CMD-SHELL', 'echo image'], Interval: 5e9, Timeout: 2e9, Retries: 9 });
	await engine.ok('run', '-d', '--name', 'off', '--no-healthcheck', 'checked:1');
	expect(await engine.ok('inspect', '-f', '{{json .State.Health}}', 'off')).toBe('null');
});

test('what cannot be is refused', async () => {
	const create = (Healthcheck: unknown) =>
		engine.api('POST', '/containers/create', { Image: busybox, Cmd: ['true'], Healthcheck });
	const Test = ['CMD', 'x'];
	for (const [check, message] of [
		[{ Test, Interval: 5 }, 'Interval in Healthcheck cannot be less than 1ms'],
		[{ Test, Timeout: 5 }, 'Timeout in Healthcheck cannot be less than 1ms'],
		[{ Test, StartPeriod: -1 }, 'StartPeriod in Healthcheck cannot be less than 1ms'],
		[{ Test, Retries: -1 }, 'Retries in Healthcheck cannot be negative'],
	]) {
		const { status: code, text } = await create(check);
		expect([code, JSON.parse(text)]).toEqual([engineKind === 'dockerd' ? code : 400, { message }]);
	}
	const filter = await engine.docker('ps', '--filter', 'health=fine');
	expect(filter.stderr).toContain('Unrecognised filter value for health: fine');
});

test.skipIf(engineKind === 'dockerd')(
	'probes go on after a crash of the daemon, and none is left after a removal',
	async () => {
		await watched('kept', 'sleep 0.3; test -e /ok', '--health-retries', '1');
		await told(1, 'kept', 'health_status');
		const before = await health('kept');
		await engine.kill9();
		await engine.start();
		const after = await health('kept');
		expect([after.Status, after.Log.length > 0]).toEqual([before.Status, true]);
		await engine.ok('exec', 'kept', 'touch', '/ok');
		await told(2, 'kept', 'health_status');
		const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', 'kept');
		await engine.ok('exec', 'kept', 'true');
		await engine.ok('rm', '-f', 'kept');
		const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
		expect(pids).not.toContain(pid);
	},
);

test.skipIf(engineKind === 'dockerd')(
	'many probes at once starve nobody',
	async () => {
		const count = 30;
		const names = Array.from({ length: count }, (_, index) => `many-${index}`);
		for (const name of names) await watched(name, 'true', '--health-interval', '1s');
		for (const name of names) await told(1, name, 'health_status');
		expect((await engine.ok('ps', '-q', '--filter', 'health=healthy')).split('\n')).toHaveLength(count);
		// Sessions of probes are forgotten: nothing grows with their number.
		const listed = JSON.parse(await engine.ok('inspect', '-f', '{{json .ExecIDs}}', names[0]!)) as unknown[] | null;
		expect((listed ?? []).length).toBeLessThanOrEqual(1);
	},
	60_000,
);

test.skipIf(engineKind === 'dockerd')('a label restarts what became unhealthy, and the events say why', async () => {
	const made = await engine.gantry(
		...['run', '-d', '--name', 'cured', '--restart-unhealthy', '--stop-timeout', '0'],
		...['--health-cmd', 'test ! -e /sick', '--health-interval', '200ms', '--health-retries', '2'],
		...[busybox, 'sleep', '600'],
	);
	expect(made.code).toBe(0);
	await told(1, 'cured', 'health_status');
	await engine.ok('exec', 'cured', 'touch', '/sick');
	await told(1, 'cured', 'restart');
	const reason = 'unhealthy after 2 failed health checks';
	const lines = await engine.ok(
		...['events', '--since', '1', '--until', now(), '--filter', 'container=cured', '--filter', 'event=kill'],
		...['--filter', 'event=restart', '--filter', 'event=die', '--format', '{{.Action}} {{.Actor.Attributes.reason}}'],
	);
	expect(lines.split('\n').slice(0, 4)).toEqual([
		`kill ${reason}`,
		`kill ${reason}`,
		'die <no value>',
		`restart ${reason}`,
	]);
	expect(Number(await engine.ok('inspect', '-f', '{{.RestartCount}}', 'cured'))).toBeGreaterThanOrEqual(1);
	expect(await engine.ok('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', 'cured')).toBe('no');
	// A stop by hand is final, in the back-off too.
	await engine.ok('stop', 'cured');
	expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'cured')).toBe('exited');
	const both = await engine.gantry('run', '--rm', '--restart-unhealthy', busybox, 'true');
	expect([both.code, both.stderr]).toEqual([
		125,
		expect.stringContaining('cannot specify both --restart-unhealthy and --rm'),
	]);
	const wrong = await engine.docker('create', '--label', 'io.gantry.restart-unhealthy=maybe', busybox);
	expect(wrong.stderr).toContain('label io.gantry.restart-unhealthy=maybe: give true or false');
});
