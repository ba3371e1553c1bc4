import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, now, startEngine, type TestEngine } from '../support/daemon.ts';

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

test('docker run --rm: everything that happens, in order', async () => {
	const name = 'whole';
	await engine.ok('run', '--rm', '--name', name, '-v', '/anonymous', '-p', '8080:80', busybox, 'true');
	const all = await events('--format', '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}');
	const from = all.lastIndexOf(`container create ${name}`);
	expect(all[from - 1]).toStartWith('volume create');
	const told = all.slice(from).map((line) => line.split(' ').slice(0, 2).join(' '));
	// Of volumes Docker tells in another order.
	const order = told.filter((line) => !['volume mount', 'volume unmount'].includes(line));
	expect(order).toEqual([
		'container create',
		'container attach',
		'network connect',
		'container start',
		'container die',
		'network disconnect',
		'volume destroy',
		'container destroy',
	]);
});

test('stop and restart tell of each signal', async () => {
	await engine.ok('run', '-d', '--name', 'signals', busybox, 'sleep', '600');
	await engine.ok('stop', '-t', '0', 'signals');
	await engine.ok('start', 'signals');
	await engine.ok('restart', '-t', '0', 'signals');
	await engine.ok('rm', '-f', 'signals');
	const told = await events('--filter', 'container=signals', '--format', '{{.Action}} {{.Actor.Attributes.signal}}');
	expect(told.map((line) => line.replace(' <no value>', ''))).toEqual([
		'create',
		'start',
		'kill 15',
		'kill 9',
		'die',
		'stop',
		'start',
		'kill 15',
		'kill 9',
		'die',
		'stop',
		'start',
		'restart',
		'kill 9',
		'die',
		'destroy',
	]);
});

test('oom: also of a child process, while the container goes on', async () => {
	await engine.ok(
		...['run', '-d', '--name', 'hungry', '-m', '20m', '--memory-swap', '20m', busybox],
		...['sh', '-c', 'tail /dev/zero; exec sleep 600'],
	);
	await engine.lines(1, 'events', '--since', '1', '--filter', 'container=hungry', '--filter', 'event=oom');
	// Before version 23 dockerd says so at the end only.
	const flags = await engine.ok('inspect', '-f', '{{.State.Running}} {{.State.OOMKilled}}', 'hungry');
	expect(flags).toBe(engineKind === 'dockerd' ? 'true false' : 'true true');
	await engine.ok('rm', '-f', 'hungry');
	const told = await events('--filter', 'container=hungry', '--format', '{{.Action}}');
	expect(told.filter((action) => action === 'oom')).toHaveLength(1);
	// Of its own process.
	const ended = await engine.docker(
		...['run', '--name', 'greedy', '-m', '20m', '--memory-swap', '20m', busybox, 'sh', '-c', 'exec tail /dev/zero'],
	);
	expect(ended.code).toBe(137);
	expect(await engine.ok('inspect', '-f', '{{.State.OOMKilled}}', 'greedy')).toBe('true');
	await engine.ok('rm', 'greedy');
	expect((await events('--filter', 'container=greedy', '--format', '{{.Action}}')).slice(-3)).toEqual([
		'oom',
		'die',
		'destroy',
	]);
});

test('filters: values of one key are alternatives, keys add up', async () => {
	await engine.ok('run', '--rm', '--name', 'red', '--label', 'colour=red', busybox, 'true');
	await engine.ok('run', '--rm', '--name', 'blue', '--label', 'colour=blue', busybox, 'true');
	const names = async (...filters: string[]) =>
		events(...filters.flatMap((filter) => ['--filter', filter]), '--format', '{{.Action}} {{.Actor.Attributes.name}}');
	expect(await names('container=red', 'container=blue', 'event=start')).toEqual(['start red', 'start blue']);
	expect(await names('label=colour', 'event=die')).toEqual(['die red', 'die blue']);
	expect(await names('label=colour=blue', 'event=die', 'event=destroy')).toEqual(['die blue', 'destroy blue']);
	expect(await names('type=container', `image=${busybox}`, 'container=red', 'event=start')).toEqual(['start red']);
	expect(await names('type=image', 'event=start')).toEqual([]);
	expect(await names('image=no-such-image', 'event=start')).toEqual([]);
	const id = JSON.parse((await events('--filter', 'container=red', '--format', '{{json .}}'))[0] ?? '{}').Actor.ID;
	expect(await names(`container=${id.slice(0, 12)}`, 'event=die')).toEqual(['die red']);
	const ends = await engine.docker('events', '--until', '1', '--filter', 'event=start');
	expect([ends.code, ends.stdout]).toEqual([0, '']);
	const bad = await engine.docker('events', '--until', '1', '--since', 'x');
	expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('failed to parse value as time or duration')]);
});

test('the form of an event is the API’s', async () => {
	await engine.ok('run', '--rm', '--name', 'shape', busybox, 'true');
	const [line = '{}'] = await events(
		'--filter',
		'container=shape',
		'--filter',
		'event=start',
		'--format',
		'{{json .}}',
	);
	const event = JSON.parse(line);
	expect(event).toMatchObject({
		status: 'start',
		from: busybox,
		Type: 'container',
		Action: 'start',
		scope: 'local',
		id: event.Actor.ID,
		Actor: { Attributes: { name: 'shape', image: busybox } },
	});
	expect(Math.floor(event.timeNano / 1e9)).toBe(event.time);
	const [plain = ''] = await events('--filter', 'container=shape', '--filter', 'event=start');
	expect(plain).toMatch(
		/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00) container start [0-9a-f]{64} \(image=busybox:test, name=shape\)$/,
	);
});

// dockerd keeps them in memory only.
test.skipIf(engineKind === 'dockerd')('events are told again after a restart of the daemon, also a crash', async () => {
	const before = await events();
	await engine.kill9();
	await engine.start();
	expect((await events()).slice(0, before.length)).toEqual(before);
	await engine.stop();
	await engine.start();
	await engine.ok('run', '--rm', '--name', 'later', busybox, 'true');
	const after = await events('--format', '{{.Action}} {{.Actor.Attributes.name}}');
	expect(after.length).toBeGreaterThan(before.length);
	expect(after.at(-1)).toBe('destroy later');
});
