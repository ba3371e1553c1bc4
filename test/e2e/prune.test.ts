import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { busybox, engineKind, now, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());
beforeEach(async () => {
	const ids = (await engine.ok('ps', '-aq')).split('\n').filter((id) => id !== '');
	if (ids.length > 0) await engine.ok('rm', '-f', ...ids);
});

const prune = async (what: string, filters: Readonly<Record<string, readonly string[]>> = {}) => {
	const query = `filters=${encodeURIComponent(JSON.stringify(filters))}`;
	const { status, text } = await engine.api('POST', `/${what}/prune?${query}`);
	return { status, body: JSON.parse(text) };
};
const pruneEvents = async (since: string, type: string) =>
	(
		await engine.ok(
			...['events', '--since', since, '--until', now(), '--filter', 'event=prune', '--filter', `type=${type}`],
			...['--format', '{{.Actor.ID}}|{{json .Actor.Attributes}}'],
		)
	)
		.split('\n')
		.filter((line) => line !== '');

test('containers: those that stopped go, with their bytes; those that run or wait to run again stay', async () => {
	const since = now();
	const running = await engine.ok('run', '-d', busybox, 'sleep', '600');
	const paused = await engine.ok('run', '-d', busybox, 'sleep', '600');
	await engine.ok('pause', paused);
	const created = await engine.ok('create', busybox);
	const stopped = await engine.ok('run', '-d', busybox, 'dd', 'if=/dev/zero', 'of=/big', 'bs=1000000', 'count=3');
	await engine.ok('wait', stopped);
	const { status, body } = await prune('containers');
	expect(status).toBe(200);
	expect([...body.ContainersDeleted].sort()).toEqual([created, stopped].sort());
	expect(Math.abs(body.SpaceReclaimed - 3_000_000)).toBeLessThan(30_000);
	const left = (await engine.ok('ps', '-aq', '--no-trunc')).split('\n').sort();
	expect(left).toEqual([running, paused].sort());
	expect(await pruneEvents(since, 'container')).toEqual([`|{"reclaimed":"${body.SpaceReclaimed}"}`]);
	expect((await prune('containers')).body).toEqual({ ContainersDeleted: null, SpaceReclaimed: 0 });
});

test('containers: filters', async () => {
	const plain = await engine.ok('create', busybox);
	const red = await engine.ok('create', '--label', 'colour=red', '--label', 'keep', busybox);
	const blue = await engine.ok('create', '--label', 'colour=blue', busybox);
	const gone = async (filters: Readonly<Record<string, readonly string[]>>) =>
		(await prune('containers', filters)).body.ContainersDeleted;
	expect(await gone({ until: ['1h'] })).toBeNull();
	expect(await gone({ label: ['colour=red', 'other'] })).toBeNull();
	expect(await gone({ label: ['colour=blue'] })).toEqual([blue]);
	expect(await gone({ 'label!': ['keep'] })).toEqual([plain]);
	expect(await gone({ until: [now()], label: ['colour'] })).toEqual([red]);
	const wrong = await prune('containers', { bogus: ['x'] });
	expect([wrong.status, wrong.body.message]).toEqual([400, expect.stringMatching(/^[Ii]nvalid filter '?bogus'?$/)]);
	expect((await prune('containers', { until: ['1h', '2h'] })).body.message).toBe(
		'more than one until filter specified',
	);
	expect((await prune('containers', { until: ['soon'] })).status).toBeGreaterThanOrEqual(400);
});

test('images: dangling ones, then those that nobody uses; what a container uses stays', async () => {
	const since = now();
	const make = async (name: string, label: string) => {
		const id = await engine.ok('create', busybox);
		const tar = await engine.inside(
			'sh',
			'-c',
			`echo ${name} ${label} > ${engine.work}/f && tar -C ${engine.work} -c f > ${engine.work}/${name}.tar`,
		);
		expect(tar.code).toBe(0);
		await engine.ok('rm', id);
		return engine.ok('import', '-c', `LABEL ${label}`, '-c', 'CMD ["/x"]', `${engine.work}/${name}.tar`, `${name}:1`);
	};
	const dangling = await make('dangling', 'a=1');
	await make('dangling', 'a=2');
	const used = await make('used', 'b=1');
	await engine.ok('create', 'used:1');
	const first = await prune('images');
	expect(first.body.ImagesDeleted).toContainEqual({ Deleted: dangling });
	expect(first.body.ImagesDeleted).not.toContainEqual({ Untagged: 'dangling:1' });
	expect(first.body.SpaceReclaimed).toBeGreaterThan(0);
	expect((await prune('images', { dangling: ['false'], label: ['nothing'] })).body.ImagesDeleted).toBeNull();
	const all = await prune('images', { dangling: ['false'], 'label!': ['b=1'], label: ['a=2'] });
	expect(all.body.ImagesDeleted[0]).toEqual({ Untagged: 'dangling:1' });
	const rest = await prune('images', { dangling: ['false'], label: ['b=1'] });
	expect(rest.body).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 });
	expect(await engine.ok('images', '-q', '--no-trunc', 'used')).toBe(used);
	const told = await pruneEvents(since, 'image');
	expect(told[0]).toBe(`|{"reclaimed":"${first.body.SpaceReclaimed}"}`);
	expect(told.length).toBe(4);
	expect((await prune('images', { dangling: ['maybe'] })).status).toBe(400);
});

test('networks, volumes and the build cache', async () => {
	const since = now();
	// The clock of events may be two milliseconds behind that of `now`.
	await engine.ok('version');
	expect((await prune('networks')).body).toEqual({ NetworksDeleted: null });
	expect((await prune('build')).body).toEqual({ CachesDeleted: null, SpaceReclaimed: 0 });
	await engine.ok('run', '--rm', '-v', 'vol:/v', busybox, 'dd', 'if=/dev/zero', 'of=/v/big', 'bs=1000000', 'count=2');
	const { body } = await prune('volumes', engineKind === 'dockerd' ? {} : { all: ['true'] });
	expect(body.VolumesDeleted).toEqual(['vol']);
	expect(Math.abs(body.SpaceReclaimed - 2_000_000)).toBeLessThan(20_000);
	expect(await pruneEvents(since, 'volume')).toEqual([`|{"reclaimed":"${body.SpaceReclaimed}"}`]);
	expect(await pruneEvents(since, 'network')).toEqual(['|{"reclaimed":"0"}']);
	expect((await prune('networks', { driver: ['x'] })).status).toBe(400);
});

test('one prune of a kind at a time', async () => {
	for (let count = 0; count < 30; count++) await engine.ok('create', busybox);
	const both = await Promise.all([prune('containers'), prune('containers')]);
	const statuses = both.map(({ status }) => status).sort();
	expect(statuses).toEqual([200, 409]);
	expect(both.find(({ status }) => status === 409)?.body.message).toBe('a prune operation is already running');
	expect(both.find(({ status }) => status === 200)?.body.ContainersDeleted.length).toBe(30);
});

test.skipIf(engineKind === 'dockerd')(
	'a client that leaves ends the prune; a daemon killed in the middle loses nothing',
	async () => {
		const keep = await engine.ok('run', '-d', busybox, 'sleep', '600');
		const fill = async () => {
			for (let count = 0; count < 20; count++) await engine.ok('create', '-v', '/data', busybox);
		};
		await fill();
		const left = new AbortController();
		const first = engine.lines(
			1,
			'events',
			'--filter',
			'event=destroy',
			'--filter',
			'type=container',
			'--since',
			now(),
		);
		const request = fetch('http://localhost/containers/prune', {
			method: 'POST',
			unix: engine.socket,
			signal: left.signal,
		});
		request.catch(() => undefined);
		await first;
		left.abort();
		await engine.lines(1, 'events', '--filter', 'event=prune', '--since', now());
		await fill();
		const again = engine.lines(
			1,
			'events',
			'--filter',
			'event=destroy',
			'--filter',
			'type=container',
			'--since',
			now(),
		);
		fetch('http://localhost/containers/prune', { method: 'POST', unix: engine.socket }).catch(() => undefined);
		await again;
		await engine.kill9();
		await engine.start();
		expect(await engine.ok('exec', keep, 'echo', 'here')).toBe('here');
		await prune('containers');
		expect(await engine.ok('ps', '-aq', '--no-trunc')).toBe(keep);
		await engine.ok('rm', '-f', keep);
	},
);
