import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, now, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const lines = (text: string): string[] =>
	text
		.split('\n')
		.filter((line) => line !== '')
		.sort();
const change = 'echo x > /var/new; rm /etc/shadow; mkdir -p /made/below; chmod 700 /home; rm -r /usr; ln -s a /l';
const changed = [
	'A /l',
	'A /made',
	'A /made/below',
	'A /var/new',
	'C /etc',
	'C /home',
	'C /var',
	'D /etc/shadow',
	'D /usr',
];

test('a fresh container changed nothing, running or not', async () => {
	const id = await engine.ok('run', '-d', busybox, 'sleep', '1000');
	expect(await engine.ok('diff', id)).toBe('');
	expect(await engine.ok('ps', '-s', '--filter', `id=${id}`, '--format', '{{.Size}}')).toMatch(/^0B \(virtual /);
	await engine.ok('rm', '-f', id);
});

test('diff, and its size', async () => {
	await engine.ok('run', '--name', 'changed', busybox, 'sh', '-c', `${change}; echo 12345678 > /a; ln /a /b`);
	expect(lines(await engine.ok('diff', 'changed'))).toEqual([...changed, 'A /a', 'A /b'].sort());
	const [info] = JSON.parse(await engine.ok('inspect', '-s', 'changed'));
	// "x\n", the link's one letter, and the file with two names once.
	expect(info.SizeRw).toBe(2 + 1 + 9);
	if (engineKind === 'gantry')
		expect(lines((await engine.gantry('diff', 'changed')).stdout)).toEqual([...changed, 'A /a', 'A /b'].sort());
	await engine.ok('rm', 'changed');
});

test('a directory made anew hides what was in it', async () => {
	await engine.ok('run', '--name', 'anew', busybox, 'sh', '-c', 'rm -r /var; mkdir /var; mkdir /var/www');
	expect(lines(await engine.ok('diff', 'anew'))).toEqual([]);
	await engine.ok('rm', 'anew');
	await engine.ok('run', '--name', 'anew', busybox, 'sh', '-c', 'rm -r /usr; mkdir /usr; echo > /usr/x');
	expect(lines(await engine.ok('diff', 'anew'))).toEqual(['A /usr/x', 'C /usr', 'D /usr/bin']);
	await engine.ok('rm', 'anew');
});

test('export has all but what is mounted', async () => {
	await engine.ok('run', '--name', 'out', '-v', '/data', busybox, 'sh', '-c', `${change}; echo > /data/hidden`);
	const { stdout } = await engine.inside('sh', '-c', 'docker export out | tar -t');
	const names = stdout.split('\n');
	expect(names).toContain('made/below/');
	expect(names).toContain('.dockerenv');
	expect(names).toContain('etc/resolv.conf');
	expect(names).toContain('data/');
	for (const gone of ['data/hidden', 'etc/shadow', 'usr/', './']) expect(names).not.toContain(gone);
	expect(
		(await engine.inside('sh', '-c', `docker export -o ${engine.work}/out.tar out && tar -tf ${engine.work}/out.tar`))
			.stdout,
	).toBe(stdout);
	await engine.ok('rm', '-v', 'out');
});

test('commit: what the image then is, and runs', async () => {
	const since = now();
	await engine.ok('run', '--name', 'base', '-e', 'A=1', '-l', 'lab=x', '-w', '/var', busybox, 'sh', '-c', change);
	const id = await engine.ok(
		'commit',
		'-a',
		'me',
		'-m',
		'words',
		'-c',
		'ENV B=2',
		'-c',
		'CMD ["cat", "new"]',
		'base',
		'made:v1',
	);
	expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
	const [image] = JSON.parse(await engine.ok('image', 'inspect', 'made:v1'));
	expect(image).toMatchObject({
		Id: id,
		Author: 'me',
		Comment: 'words',
		Config: { Cmd: ['cat', 'new'], WorkingDir: '/var', Labels: { lab: 'x' } },
	});
	expect(image.Config.Env).toEqual(expect.arrayContaining(['A=1', 'B=2']));
	const [parent] = JSON.parse(await engine.ok('image', 'inspect', busybox));
	expect(image.RootFS.Layers.slice(0, -1)).toEqual(parent.RootFS.Layers);
	expect(
		(await engine.ok('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Size}}|{{.Comment}}', 'made:v1')).split(
			'\n',
		)[0],
	).toBe(`sh -c ${change}|3B|words`);
	expect(await engine.ok('run', '--rm', 'made:v1')).toBe('x');
	const look = 'ls -d /etc/shadow /usr /made/below /l 2>/dev/null; stat -c %a /home';
	expect(lines(await engine.ok('run', '--rm', 'made:v1', 'sh', '-c', look))).toEqual(['/made/below', '700']);
	const told = await engine.ok(
		'events',
		'--since',
		since,
		'--until',
		now(),
		'--filter',
		'event=commit',
		'--format',
		'{{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}} {{.Actor.Attributes.comment}}',
	);
	expect(told).toBe(`${id} made:v1 words`);
	await engine.ok('rm', 'base');
	await engine.ok('rmi', 'made:v1');
});

test('a commit of a container that changed nothing adds no layer', async () => {
	await engine.ok('create', '--name', 'still', busybox, 'sh');
	const id = await engine.ok('commit', 'still');
	const layers = (ref: string) => engine.ok('image', 'inspect', '-f', '{{json .RootFS.Layers}}', ref);
	expect(await layers(id)).toBe(await layers(busybox));
	await engine.ok('rm', 'still');
	await engine.ok('rmi', id);
});

test('a running container is paused meanwhile, unless told otherwise', async () => {
	await engine.ok('run', '-d', '--name', 'live', busybox, 'sleep', '1000');
	const states = async (...flags: string[]) => {
		const since = now();
		const id = await engine.ok('commit', ...flags, 'live');
		const events = await engine.ok(
			'events',
			'--since',
			since,
			'--until',
			now(),
			'--filter',
			'container=live',
			'--format',
			'{{.Action}}',
		);
		await engine.ok('rmi', id);
		return events.split('\n');
	};
	expect(await states()).toEqual(['pause', 'commit', 'unpause']);
	expect(await states('--pause=false')).toEqual(['commit']);
	expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'live')).toBe('running');
	await engine.ok('rm', '-f', 'live');
});

test('an image knows what it was committed on', async () => {
	await engine.ok('create', '--name', 'first', busybox, 'true');
	const base = await engine.ok('inspect', '-f', '{{.Image}}', 'first');
	const first = await engine.ok('commit', 'first', 'line:1');
	await engine.ok('create', '--name', 'second', 'line:1', 'true');
	const second = await engine.ok('commit', 'second');
	const parent = (ref: string) => engine.ok('image', 'inspect', '-f', '{{.Parent}}', ref);
	expect([await parent(second), await parent('line:1'), await parent(busybox)]).toEqual([first, base, '']);
	const ids = (await engine.ok('history', '-q', '--no-trunc', second)).split('\n');
	expect(ids.slice(0, 4)).toEqual([second, first, base, ...ids.slice(3, 4).map(() => '<missing>')]);
	const listed = JSON.parse((await engine.api('GET', '/v1.41/images/json')).text) as { Id: string; ParentId: string }[];
	expect(listed.find(({ Id }) => Id === second)?.ParentId).toBe(first);
	await engine.ok('rm', 'first', 'second');
	await engine.ok('rmi', second);
	await engine.ok('rmi', 'line:1');
});

test('the body stands for the config, and what is wrong is said', async () => {
	await engine.ok('create', '--name', 'body', '-e', 'A=1', '--entrypoint', 'cat', busybox, 'x');
	const commit = (query: string, body?: unknown) => engine.api('POST', `/v1.41/commit?${query}`, body);
	const made = await commit('container=body&repo=bodied&tag=b', {
		Cmd: ['over'],
		Env: ['A=9', 'C=3'],
		Labels: { q: 'r' },
	});
	expect(made.status).toBe(201);
	const config = JSON.parse(await engine.ok('image', 'inspect', '-f', '{{json .Config}}', 'bodied:b'));
	expect(config).toMatchObject({ Cmd: ['over'], Entrypoint: ['cat'], Labels: { q: 'r' } });
	expect(config.Env.slice(0, 2)).toEqual(['A=9', 'C=3']);
	for (const [query, status, message] of [
		['container=nosuch', 404, 'No such container: nosuch'],
		// 20.10 answers 500 to a bad name, and says the same.
		['container=body&repo=UPPER', engineKind === 'dockerd' ? 500 : 400, 'must be lowercase'],
		['container=body&changes=RUN%20x', 400, 'is not a valid change command'],
		['container=', 400, 'invalid name or ID supplied'],
	] as const) {
		expect([query, await commit(query, {})]).toEqual([query, { status, text: expect.stringContaining(message) }]);
	}
	await engine.ok('rm', 'body');
	await engine.ok('rmi', 'bodied:b');
});
