import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

/** What is mounted below the volumes' directory. */
const mounted = (name: string): number =>
	readFileSync(`/proc/${engine.pid()}/mountinfo`, 'utf8')
		.split('\n')
		.filter((line) => line.split(' ')[4]?.endsWith(`/volumes/${name}/_data`)).length;

const bindOptions = (device: string) => ['-o', 'type=none', '-o', 'o=bind', '-o', `device=${device}`];

test('options that make no sense are refused, and nothing is made', async () => {
	const refused = async (...options: string[]) =>
		(await engine.docker('volume', 'create', ...options.flatMap((one) => ['-o', one]), 'wrong')).stderr.trim();
	const error = 'Error response from daemon: create wrong: ';
	expect(await refused('type=tmpfs')).toBe(`${error}missing required option: "device"`);
	expect(await refused('device=/x')).toBe(`${error}missing required option: "type"`);
	expect(await refused('foo=bar')).toBe(`${error}invalid option: "foo"`);
	expect(await refused('size=1m')).toBe(`${error}quota size requested but no quota support`);
	expect(await refused('size=zz')).toBe(`${error}invalid size: 'zz'`);
	expect((await engine.docker('volume', 'create', '-d', 'nope', 'wrong')).stderr).toContain(
		'create wrong: error looking up volume plugin nope: plugin "nope" not found',
	);
	expect(await engine.ok('volume', 'ls', '-q')).toBe('');
});

test('a folder of the host is mounted while containers use it; inspect shows the options', async () => {
	const folder = `${engine.work}/folder`;
	mkdirSync(folder);
	await engine.ok('volume', 'create', ...bindOptions(folder), '--label', 'a=b', 'bound');
	const [info] = JSON.parse(await engine.ok('volume', 'inspect', 'bound'));
	expect(info).toMatchObject({ Options: { device: folder, o: 'bind', type: 'none' }, Labels: { a: 'b' } });
	// Who asks again gets what there is, whatever the options.
	expect(await engine.ok('volume', 'create', ...bindOptions('/other'), 'bound')).toBe('bound');
	expect(mounted('bound')).toBe(0);
	await engine.ok('run', '-d', '--name', 'one', '-v', 'bound:/data', busybox, 'sleep', '600');
	await engine.ok('run', '-d', '--name', 'two', '-v', 'bound:/data', '-v', 'bound:/again', busybox, 'sleep', '600');
	expect(mounted('bound')).toBe(1);
	await engine.ok('exec', 'one', 'touch', '/data/x');
	expect(readdirSync(folder)).toEqual(['x']);
	await engine.ok('rm', '-f', 'one');
	expect(mounted('bound')).toBe(1);
	expect(await engine.ok('exec', 'two', 'ls', '/again')).toBe('x');
	await engine.ok('rm', '-f', 'two');
	expect(mounted('bound')).toBe(0);
	// It is not the engine's to delete.
	await engine.ok('volume', 'rm', 'bound');
	expect(readdirSync(folder)).toEqual(['x']);
});

test('a tmpfs with a size and an owner is new for every first user', async () => {
	const options = ['-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', 'o=size=10m,uid=1000'];
	await engine.ok('volume', 'create', ...options, 'memory');
	const look = 'stat -c %u /data; df -k /data | tail -1; ls /data; touch /data/x';
	const shown = await engine.ok('run', '--rm', '-v', 'memory:/data', busybox, 'sh', '-c', look);
	expect(shown.split('\n')[0]).toBe('1000');
	expect(shown).toMatch(/tmpfs\s+10240\s/);
	expect(await engine.ok('run', '--rm', '-v', 'memory:/data', busybox, 'ls', '/data')).toBe('');
	await engine.ok('volume', 'rm', 'memory');
});

test('a device that is not there is an error of the start, and leaves nothing', async () => {
	const folder = `${engine.work}/missing`;
	await engine.ok('volume', 'create', ...bindOptions(folder), 'lost');
	await engine.ok('create', '--name', 'waits', '-v', 'lost:/data', busybox, 'ls', '/data');
	const { stderr } = await engine.docker('start', 'waits');
	const path = JSON.parse(await engine.ok('volume', 'inspect', 'lost'))[0].Mountpoint;
	expect(stderr).toContain(
		`error while mounting volume '${path}': failed to mount local volume: mount ${folder}:${path}, flags: 0x1000: no such file or directory`,
	);
	expect(mounted('lost')).toBe(0);
	// Where the image has something for it, the device is wanted at once.
	const early = await engine.docker('create', '-v', 'lost:/etc', busybox, 'true');
	expect(early.stderr).toContain(`failed to mount local volume: mount ${folder}:${path}, flags: 0x1000`);
	mkdirSync(folder);
	writeFileSync(`${folder}/here`, '');
	expect(await engine.ok('start', '-a', 'waits')).toBe('here');
	await engine.ok('rm', 'waits');
	await engine.ok('volume', 'rm', 'lost');
});

test('what the kernel does not know is its answer, without the password', async () => {
	const refused = async (options: readonly string[]) => {
		await engine.ok('volume', 'create', ...options.flatMap((one) => ['-o', one]), 'weird');
		const { stderr } = await engine.docker('run', '--rm', '-v', 'weird:/data', busybox, 'true');
		await engine.ok('volume', 'rm', 'weird');
		return stderr;
	};
	const secret = await refused(['type=nosuchfs', 'device=x', 'o=aa=b,password=hush']);
	expect(secret).toContain('_data, data: aa=b,password=********: no such device');
	expect(secret).not.toContain('hush');
	expect(await refused(['type=none', `device=${engine.work}/a\nb`, 'o=bind'])).toContain('no such file or directory');
	expect(await refused(['type=nfs', 'device=:/x', 'o=addr=nosuch.invalid'])).toContain(
		'error resolving passed in network volume address: lookup nosuch.invalid',
	);
});

test('a volume with a device is never pruned; others are, with their size', async () => {
	await engine.ok('volume', 'create', ...bindOptions('/nowhere'), 'device');
	await engine.ok(
		'run',
		'--rm',
		'-v',
		'plain:/data',
		busybox,
		'dd',
		'if=/dev/zero',
		'of=/data/x',
		'bs=1k',
		'count=100',
	);
	const filters = encodeURIComponent(JSON.stringify(engineKind === 'gantry' ? { all: ['true'] } : {}));
	const { text } = await engine.api('POST', `/volumes/prune?filters=${filters}`);
	const { VolumesDeleted, SpaceReclaimed } = JSON.parse(text);
	expect(VolumesDeleted).toEqual(['plain']);
	expect(SpaceReclaimed).toBeGreaterThanOrEqual(102_400);
	expect(await engine.ok('volume', 'ls', '-q')).toBe('device');
	await engine.ok('volume', 'rm', 'device');
});

test.if(engineKind === 'gantry')('names are checked', async () => {
	const create = async (Name: string) => engine.api('POST', '/volumes/create', { Name });
	for (const name of ['..', '../x', 'a b', '/etc', 'x', 'a\u0000b', `a${'b'.repeat(4096)}`]) {
		const { status, text } = await create(name);
		expect([name.slice(0, 10), status, JSON.parse(text).message === '']).toEqual([name.slice(0, 10), 400, false]);
	}
	expect(await engine.ok('volume', 'ls', '-q')).toBe('');
});

test.if(engineKind === 'gantry')('cluster volumes need a swarm', async () => {
	const update = await engine.api('PUT', '/volumes/any?version=1', {});
	expect(update).toMatchObject({ status: 503 });
	expect(update.text).toContain('volume update only valid for cluster volumes, but swarm is unavailable');
	const create = await engine.api('POST', '/volumes/create', { Name: 'some', ClusterVolumeSpec: {} });
	expect(create).toMatchObject({ status: 503 });
	expect(create.text).toContain('This node is not a swarm manager.');
});

test('filters', async () => {
	const list = async (filters: object) => {
		const answer = await engine.api('GET', `/volumes?filters=${encodeURIComponent(JSON.stringify(filters))}`);
		const { Volumes, message } = JSON.parse(answer.text);
		return message ?? Volumes.map(({ Name }: { Name: string }) => Name).sort();
	};
	await engine.ok('volume', 'create', '--label', 'x=1', 'first');
	await engine.ok('volume', 'create', '--label', 'x=2', '--label', 'y', 'second');
	await engine.ok('create', '--name', 'user', '-v', 'second:/data', busybox, 'true');
	expect(await list({ name: ['irs'] })).toEqual(['first']);
	expect(await list({ name: ['^f.*t$'] })).toEqual(['first']);
	expect(await list({ label: ['x'] })).toEqual(['first', 'second']);
	expect(await list({ label: ['x=2', 'y'] })).toEqual(['second']);
	expect(await list({ dangling: ['true'] })).toEqual(['first']);
	expect(await list({ dangling: ['0'] })).toEqual(['second']);
	expect(await list({ driver: ['local'] })).toEqual(['first', 'second']);
	expect(await list({ driver: ['other'] })).toEqual([]);
	expect(await list({ dangling: ['maybe'] })).toMatch(/^[iI]nvalid filter 'dangling=\[maybe\]'$/);
	expect(await list({ size: ['1'] })).toMatch(/^[iI]nvalid filter 'size'$/);
	await engine.ok('rm', 'user');
	await engine.ok('volume', 'rm', 'first', 'second');
});

test.if(engineKind === 'gantry')('a removal never deletes what is mounted', async () => {
	const folder = `${engine.work}/precious`;
	mkdirSync(folder);
	writeFileSync(`${folder}/file`, '');
	await engine.ok('volume', 'create', 'covered');
	const path = await engine.ok('volume', 'inspect', '-f', '{{.Mountpoint}}', 'covered');
	mkdirSync(`${path}/below`);
	// By hand, on it and below it.
	await engine.inside('mount', '--bind', folder, `${path}/below`);
	const refused = await engine.docker('volume', 'rm', 'covered');
	expect(refused.stderr).toContain(`something is mounted on ${path}/below: unmount it first`);
	await engine.inside('umount', `${path}/below`);
	await engine.inside('mount', '--bind', folder, path);
	await engine.ok('volume', 'rm', 'covered');
	expect(readdirSync(folder)).toEqual(['file']);
});

test.if(engineKind === 'gantry')('users are counted right after the daemon was killed', async () => {
	const folder = `${engine.work}/counted`;
	mkdirSync(folder);
	await engine.ok('volume', 'create', ...bindOptions(folder), 'counted');
	await engine.ok('run', '-d', '--name', 'stays', '-v', 'counted:/data', busybox, 'sleep', '600');
	await engine.ok('run', '-d', '--name', 'goes', '-v', 'counted:/data', busybox, 'sleep', '600');
	await engine.kill9();
	await engine.start();
	expect(mounted('counted')).toBe(1);
	await engine.ok('rm', '-f', 'goes');
	expect(mounted('counted')).toBe(1);
	await engine.ok('exec', 'stays', 'touch', '/data/still');
	expect(readdirSync(folder)).toEqual(['still']);
	const { stdout } = await engine.docker('inspect', '-f', '{{.State.Pid}}', 'stays');
	await engine.kill9();
	process.kill(Number(stdout), 'SIGKILL');
	await engine.start();
	expect(await engine.ok('inspect', '-f', '{{.State.Running}}', 'stays')).toBe('false');
	expect(mounted('counted')).toBe(0);
	await engine.ok('rm', 'stays');
	await engine.ok('volume', 'rm', 'counted');
	rmSync(folder, { recursive: true });
});
