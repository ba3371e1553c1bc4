import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, now, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const events = async (...flags: string[]) =>
	(await engine.ok('events', '--since', '1', '--until', now(), ...flags)).split('\n').filter((line) => line !== '');

test('a container’s life in order', async () => {
	await engine.ok('run', '--name', 'told', busybox, 'sh', '-c', 'exit 3').catch(() => '');
	await engine.ok('rm', 'told');
	const actions = await events('--filter', 'type=container', '--filter', 'container=told', '--format', '{{.Action}}');
	expect(actions.filter((action) => action !== 'resize')).toEqual(['create', 'attach', 'start', 'die', 'destroy']);
	const [die = '{}'] = await events('--filter', 'event=die', '--format', '{{json .}}');
	const event = JSON.parse(die);
	expect(event.Actor.Attributes.exitCode).toBe('3');
	expect(event.Actor.Attributes.name).toBe('told');
	expect(event.Actor.Attributes.image).toBe(busybox);
	expect(event.Actor.ID).toMatch(/^[0-9a-f]{64}$/);
	expect(event.timeNano).toBeGreaterThan(event.time * 1e9 - 1);
});

test('network connect and disconnect are told of', async () => {
	const actions = await events('--filter', 'type=network', '--format', '{{.Action}}');
	expect(actions).toContain('connect');
	expect(actions).toContain('disconnect');
});

test('image events', async () => {
	await engine.ok('tag', busybox, 'other:1');
	await engine.ok('rmi', 'other:1');
	const actions = await events('--filter', 'type=image', '--format', '{{.Action}}');
	expect(actions).toContain('load');
	expect(actions).toContain('tag');
	expect(actions).toContain('untag');
});

test('kill and exec events', async () => {
	await engine.ok('run', '-d', '--name', 'busy', busybox, 'sleep', '60');
	await engine.ok('exec', 'busy', 'true');
	await engine.ok('kill', 'busy');
	await engine.ok('wait', 'busy');
	const told = await events('--filter', 'container=busy', '--format', '{{.Action}}');
	// dockerd has a space behind the command of an exec.
	const actions = told.map((action) => action.trim());
	for (const action of ['exec_create: true', 'exec_start: true', 'exec_die', 'kill', 'die']) {
		expect(actions).toContain(action);
	}
	await engine.ok('rm', 'busy');
});

test('live: events arrive while listening, and --filter label matches', async () => {
	const command = engine.command(
		'docker',
		'events',
		'--filter',
		'label=watch=me',
		'--filter',
		'event=create',
		'--format',
		'{{.Actor.Attributes.name}}',
	);
	const child = Bun.spawn([...command.argv], { env: command.env ?? {}, stdout: 'pipe' });
	const reader = child.stdout.getReader();
	// Until the stream is open nothing tells us that it is: make containers until one is seen.
	const seen = reader.read();
	let made = 0;
	let arrived = false;
	void seen.then(() => {
		arrived = true;
	});
	while (!arrived && made < 50) {
		await engine.ok('create', '--name', `no-${made}`, busybox);
		await engine.ok('create', '--name', `yes-${made}`, '--label', 'watch=me', busybox);
		made++;
	}
	const { value } = await seen;
	expect(Buffer.from(value ?? []).toString()).toMatch(/^yes-\d+\n?/);
	child.kill();
	await child.exited;
});

test('--since and --until cut by time', async () => {
	const all = await events('--format', '{{.TimeNano}}');
	const middle = BigInt(all[Math.floor(all.length / 2)] ?? '0');
	const seconds = `${middle / 1_000_000_000n}.${String(middle % 1_000_000_000n).padStart(9, '0')}`;
	const later = (await engine.ok('events', '--since', seconds, '--until', now(), '--format', '{{.TimeNano}}')).split(
		'\n',
	);
	expect(later.length).toBeGreaterThan(0);
	expect(later.length).toBeLessThan(all.length);
	expect(later.every((time) => BigInt(time) >= middle)).toBe(true);
});
