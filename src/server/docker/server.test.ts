import { expect, test } from 'bun:test';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { fakeWorld, serve } from './fakes.test-support.ts';

const url = 'http://docker';

test('ping, version prefix, unknown pages and unserved ones', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const get = (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, unix: place.path });
	const ping = await get('/_ping');
	expect(await ping.text()).toBe('OK');
	expect(ping.headers.get('api-version')).toBe('1.51');
	expect(ping.headers.get('ostype')).toBe('linux');
	const head = await get('/v1.24/_ping', { method: 'HEAD' });
	expect([head.status, await head.text(), head.headers.get('swarm')]).toEqual([200, '', 'inactive']);
	for (const [path, status, message] of [
		[
			'/v1.12/version',
			400,
			'client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
		],
		['/v1.99/version', 400, 'client version 1.99 is too new. Maximum supported API version is 1.51'],
		['/nothing', 404, 'page not found'],
		['/images/search', 501, 'GET /images/search is not supported by this version of Gantry'],
		['/containers/%zz/json', 400, 'invalid URL escape in "%zz"'],
		['/containers/nope/json', 404, 'No such container: nope'],
		['/events?filters=nonsense', 400, 'invalid filter'],
		['/images/host:5000/a/c:1/json', 404, 'No such image: host:5000/a/c:1'],
	] as const) {
		const answer = await get(path);
		expect([path, answer.status, await answer.json()]).toEqual([path, status, { message }]);
	}
	expect((await get('/v1.41/images/host:5000/a/b:1/json')).status).toBe(200);
	expect(statSync(place.path).mode & 0o777).toBe(0o660);
});

test('verbs, 304, and a bug that is a 500 and a log line', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const post = (path: string, body?: string) =>
		fetch(url + path, { method: 'POST', unix: place.path, ...(body === undefined ? {} : { body }) });
	expect((await post('/containers/web/start')).status).toBe(204);
	expect((await post('/containers/running/start')).status).toBe(304);
	expect((await post('/containers/web/stop?t=3')).status).toBe(204);
	expect((await post('/containers/web/stop?t=x')).status).toBe(400);
	const bug = await post('/containers/bug/start');
	expect([bug.status, await bug.json()]).toEqual([500, { message: 'boom' }]);
	expect(world.logLines.join()).toContain('boom');
	expect((await post('/images/alpine/tag?repo=x/y&tag=1')).status).toBe(201);
	expect(world.calls).toEqual(['start web', 'stop web', 'tag alpine x/y 1']);
	const bad = await post('/containers/create', '{"Image":');
	expect(bad.status).toBe(400);
	expect(((await bad.json()) as { message: string }).message).toStartWith('invalid JSON:');
	expect((await post('/containers/create')).status).toBe(400);
	expect((await post('/containers/create', `{"a":"${'x'.repeat(9 << 20)}"}`)).status).toBe(400);
	const made = await post('/containers/create?name=n', '{"iMAGE":"alpine","Cmd":"ls"}');
	expect(made.status).toBe(201);
	expect(world.created[0]).toMatchObject({ name: 'n', config: { image: 'alpine', cmd: ['ls'] } });
});

test('pull progress, an error before it and one after it', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const pull = () => fetch(`${url}/images/create?fromImage=alpine&tag=latest`, { method: 'POST', unix: place.path });
	const lines = (await (await pull()).text())
		.trim()
		.split('\r\n')
		.map((line) => JSON.parse(line));
	expect(lines[0]).toEqual({ status: 'Pulling from library/alpine', id: 'latest' });
	expect(lines[1]).toMatchObject({ id: 'aaa', progressDetail: { current: 500, total: 1000 } });
	const { progress } = world;
	world.progress = async function* () {
		yield* progress();
		throw new Error('broken layer');
	};
	const late = await pull();
	expect(late.status).toBe(200);
	expect(JSON.parse((await late.text()).trim().split('\r\n').at(-1) ?? '')).toEqual({
		errorDetail: { message: 'broken layer' },
		error: 'broken layer',
	});
	world.progress = () => {
		throw new Error('early');
	};
	expect((await pull()).status).toBe(500);
});

test('load streams a large body', async () => {
	await using place = await serve(fakeWorld());
	const body = new Uint8Array(20 << 20);
	const answer = await fetch(`${url}/images/load`, { method: 'POST', unix: place.path, body });
	expect(await answer.text()).toBe(`{"stream":"Loaded ${20 << 20}\\n"}\r\n`);
});

test('wait sends its head at once, its body at the exit, and aborts with its client', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const wait = (signal?: AbortSignal) =>
		fetch(`${url}/containers/web/wait?condition=next-exit`, {
			method: 'POST',
			unix: place.path,
			...(signal ? { signal } : {}),
		});
	const answer = await wait();
	expect(answer.status).toBe(200);
	world.exit({ code: 7, error: null });
	expect(await answer.json()).toEqual({ StatusCode: 7 });
	const gone = new AbortController();
	await wait(gone.signal);
	const aborted = new Promise<void>((resolve) => world.waitSignal?.addEventListener('abort', () => resolve()));
	gone.abort();
	await aborted;
});

test('events: replay, live, head at once, nanoseconds whole', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const event = (id: string, image: string) =>
		world.services.events.publish({ type: 'container', action: 'start', id, attributes: { image, name: `n${id}` } });
	event('a', 'alpine:3');
	const filters = encodeURIComponent('{"image":{"alpine":true},"type":["container"]}');
	const gone = new AbortController();
	const answer = await fetch(`${url}/events?since=1699999999.5&filters=${filters}`, {
		unix: place.path,
		signal: gone.signal,
	});
	const reader = answer.body!.getReader();
	const next = async () => new TextDecoder().decode((await reader.read()).value);
	const first = await next();
	expect(first).toEndWith('"timeNano":1700000000000000123}\n');
	expect(JSON.parse(first)).toMatchObject({
		status: 'start',
		id: 'a',
		from: 'alpine:3',
		Type: 'container',
		scope: 'local',
		time: 1_700_000_000,
	});
	event('b', 'busybox');
	event('c', 'alpine');
	expect(JSON.parse(await next())).toMatchObject({ id: 'c' });
	gone.abort();
	const done = await fetch(`${url}/events?since=1&until=1700000001`, { unix: place.path });
	expect((await done.text()).trim().split('\n').length).toBe(3);
	const live = new AbortController();
	expect((await fetch(`${url}/events`, { unix: place.path, signal: live.signal })).status).toBe(200);
	live.abort();
});

test('logs stream, end with the client, and say what they are', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const get = (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, unix: place.path });
	const plain = await get('/containers/web/logs?stdout=1');
	expect([await plain.text(), plain.headers.get('content-type')]).toEqual([
		'line\n',
		'application/vnd.docker.multiplexed-stream',
	]);
	expect((await get('/v1.41/containers/web/logs?stdout=1')).headers.get('content-type')).toBe(
		'application/vnd.docker.raw-stream',
	);
	expect((await get('/containers/web/logs')).status).toBe(400);
	const gone = new AbortController();
	const follow = await get('/containers/web/logs?stdout=1&follow=1', { signal: gone.signal });
	await follow.body!.getReader().read();
	gone.abort();
	while (!world.calls.includes('logs aborted')) await new Promise((resolve) => setImmediate(resolve));
});

test('a second server is refused; a stale socket file is not in the way, another file is', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const options = { mode: 0o600, gid: null };
	await using other = await serve(world);
	await expect(other.server.listenUnix(place.path, options)).rejects.toThrow('another daemon listens');
	expect((await fetch(`${url}/_ping`, { unix: place.path })).status).toBe(200);
	const stale = `${place.path}.stale`;
	// A process that ends without closing leaves its socket file.
	const script = `require('node:net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`;
	await Bun.spawn([process.execPath, '-e', script]).exited;
	expect(existsSync(stale)).toBe(true);
	await other.server.listenUnix(stale, options);
	expect((await fetch(`${url}/_ping`, { unix: stale })).status).toBe(200);
	writeFileSync(`${place.path}.txt`, 'mine');
	await expect(other.server.listenUnix(`${place.path}.txt`, options)).rejects.toThrow('is not a socket');
});
