import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, now, startEngine, type TestEngine } from '../support/daemon.ts';

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

const inspect = (format: string, name: string) => engine.ok('inspect', '-f', format, name);
const run = (name: string, policy: string, script: string) =>
	engine.ok('run', '-d', '--name', name, '--restart', policy, busybox, 'sh', '-c', script);
/** Waits for so many events of a container since its creation; gives their times in milliseconds. */
const told = async (count: number, name: string, event: string): Promise<number[]> =>
	(
		await engine.lines(
			count,
			...['events', '--since', '1', '--filter', `container=${name}`, '--filter', `event=${event}`],
			...['--format', '{{.TimeNano}}'],
		)
	).map((nano) => Number(BigInt(nano) / 1_000_000n));

test('on-failure:N: N restarts, each after twice the time, then it stays', async () => {
	await run('fails', 'on-failure:3', 'exit 5');
	const ends = await told(4, 'fails', 'die');
	const starts = await told(4, 'fails', 'start');
	expect(await engine.ok('wait', 'fails')).toBe('5');
	expect(await inspect('{{.RestartCount}} {{.State.Status}} {{.State.Restarting}} {{.State.ExitCode}}', 'fails')).toBe(
		'3 exited false 5',
	);
	const waits = [1, 2, 3].map((run) => starts[run]! - ends[run - 1]!);
	for (const [index, least] of [100, 200, 400].entries()) expect(waits[index]).toBeGreaterThanOrEqual(least - 5);
	// A start by hand counts anew.
	await engine.ok('start', 'fails');
	await told(8, 'fails', 'die');
	expect(await engine.ok('wait', 'fails')).toBe('5');
	expect(await inspect('{{.RestartCount}}', 'fails')).toBe('3');
});

test('no restart after success with on-failure, nor ever with no', async () => {
	await run('fine', 'on-failure', 'exit 0');
	await run('never', 'no', 'exit 1');
	for (const name of ['fine', 'never']) {
		await engine.ok('wait', name);
		expect(await inspect('{{.RestartCount}} {{.State.Status}} {{.State.Restarting}}', name)).toBe('0 exited false');
	}
});

test('between two runs it is restarting: state, status, list; and stop ends that', async () => {
	await run('flaps', 'always', 'exit 3');
	// The longer the back-off, the surer it is met.
	await told(5, 'flaps', 'die');
	expect(await inspect('{{.State.Status}} {{.State.Running}} {{.State.Restarting}} {{.State.Pid}}', 'flaps')).toBe(
		'restarting true true 0',
	);
	expect(await engine.ok('ps', '--filter', 'status=restarting', '--format', '{{.Names}} {{.Status}}')).toMatch(
		/^flaps Restarting \(3\) .* ago$/,
	);
	const refused = await engine.docker('rm', 'flaps');
	expect(refused.stderr).toContain('restarting');
	await engine.ok('stop', 'flaps');
	expect(await inspect('{{.State.Status}} {{.State.Running}} {{.State.Restarting}}', 'flaps')).toBe(
		'exited false false',
	);
	expect(await engine.ok('wait', 'flaps')).toBe('3');
});

test('rm -f in the back-off', async () => {
	await run('flaps', 'always', 'exit 3');
	await told(4, 'flaps', 'die');
	await engine.ok('rm', '-f', 'flaps');
	expect(await engine.ok('ps', '-aq')).toBe('');
});

test('always and unless-stopped come back after any exit; a stop by hand is final', async () => {
	for (const policy of ['always', 'unless-stopped']) {
		await run(policy, policy, 'sleep 0.2; exit 0');
		await told(2, policy, 'start');
		await engine.ok('stop', '-t', '0', policy);
		const starts = await engine.ok(
			...['events', '--since', '1', '--until', now(), '--filter', `container=${policy}`, '--filter', 'event=start'],
			...['--format', '{{.Action}}'],
		);
		expect(await inspect('{{.State.Running}}', policy)).toBe('false');
		expect(Number(await inspect('{{.RestartCount}}', policy))).toBe(starts.split('\n').length - 1);
	}
});

test('kill is a stop by hand too', async () => {
	await run('killed', 'always', 'exec sleep 600');
	await engine.ok('kill', 'killed');
	expect(await engine.ok('wait', 'killed')).toBe('137');
	expect(await inspect('{{.State.Status}} {{.RestartCount}}', 'killed')).toBe('exited 0');
});

test('what cannot be is refused', async () => {
	const create = (RestartPolicy: unknown, more = {}) =>
		engine.api('POST', '/containers/create', { Image: busybox, Cmd: ['true'], HostConfig: { RestartPolicy, ...more } });
	for (const policy of [
		{ Name: 'sometimes' },
		{ Name: 'always', MaximumRetryCount: 3 },
		{ Name: 'on-failure', MaximumRetryCount: -1 },
	]) {
		expect((await create(policy)).status).toBe(400);
	}
	expect((await create({ Name: 'always' }, { AutoRemove: true })).status).toBe(400);
});

// dockerd goes down with its containerd, and ends its containers with it.
test.skipIf(engineKind === 'dockerd')('after kill -9 of the daemon in a back-off the policy goes on', async () => {
	await run('goes-on', 'always', 'exit 3');
	await run('counts', 'on-failure:2', 'exit 4');
	await run('stopped', 'unless-stopped', 'exec sleep 600');
	await run('comes-back', 'always', 'exec sleep 600');
	await engine.ok('stop', '-t', '0', 'stopped', 'comes-back');
	await told(5, 'goes-on', 'die');
	expect(await engine.ok('wait', 'counts')).toBe('4');
	const before = (await told(1, 'goes-on', 'start')).length;
	await engine.kill9();
	await engine.start();
	expect(before).toBe(1);
	await told(8, 'goes-on', 'die');
	expect(await inspect('{{.State.Status}} {{.RestartCount}}', 'counts')).toBe('exited 2');
	await told(2, 'comes-back', 'start');
	expect(await inspect('{{.State.Running}}', 'comes-back')).toBe('true');
	expect(await inspect('{{.State.Running}}', 'stopped')).toBe('false');
});
