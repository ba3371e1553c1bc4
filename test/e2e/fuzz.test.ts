import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { nameOf, placesIn, replaced, samples } from '../support/fuzz/samples.ts';
import {
	absurdBodies,
	absurdQueryValues,
	absurdSegments,
	absurdValues,
	pick,
	queryNames,
	randomFrom,
	write,
	wrongValues,
} from '../support/fuzz/values.ts';
import { type RawAnswer, requestBytes, sendRaw } from '../support/fuzz/wire.ts';
import { allRoutes, servedPaths } from '../support/served.ts';

/**
 * Malformed requests at every route: what is refused is refused with 4xx (501 where nothing is served) and a message;
 * nothing hangs, nothing stays behind, and the daemon is as well and as small as before. `GANTRY_FUZZ_SEED` and
 * `GANTRY_FUZZ_ROUNDS` give other and longer runs; the same seed asks the same.
 */
const seed = Number(process.env.GANTRY_FUZZ_SEED ?? 20_240_501);
const rounds = Number(process.env.GANTRY_FUZZ_ROUNDS ?? 12);
/** Milliseconds for the answer to one request. */
const deadline = 10_000;
/** How much larger than before the daemon may be when it has come to rest, in MiB. */
const allowedGrowth = 24;

let engine: TestEngine;
const random = randomFrom(seed);
const isServed = servedPaths();
const routes = allRoutes().map(({ method, pattern }) => ({ method, pattern: pattern.replaceAll('...', '') }));

beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

/** Sends it and says what is wrong with the answer; null when nothing is. */
async function faultOf(name: string, bytes: Uint8Array, served: boolean, refused = false): Promise<string | null> {
	const short = `${name} ${bytes.length < 400 ? JSON.stringify(Buffer.from(bytes).toString('latin1').split('\r\n\r\n')[1]) : ''}`;
	let answer: RawAnswer;
	try {
		answer = await sendRaw(engine.socket, bytes, deadline);
	} catch (error) {
		return `${short}: ${String(error)}`;
	}
	const { status, body } = answer;
	// A registry that is not there is nobody's bad input.
	// What only a swarm has, in Docker's words.
	if (status === 503 && /swarm/.test(body)) return null;
	if (status === 503 && /"Get \\"http/.test(body)) return null;
	if (status === null) return `${short}: closed without an answer`;
	if (status >= 500 && !(status === 501 && (!served || /not support/.test(body)))) return `${short}: ${status} ${body}`;
	// What is wrong with a HEAD has no body to say it in.
	if (name.startsWith('HEAD ')) return null;
	if (status < 400) return refused ? `${short}: taken with ${status}` : null;
	if (answer.contentType !== 'application/json') return `${short}: ${status} as ${answer.contentType}: ${body}`;
	const { message } = JSON.parse(body) as { message?: unknown };
	return typeof message === 'string' && message.length > 0 && message.length < 200_000
		? null
		: `${short}: says ${body}`;
}

/** A container that runs and an exec in it: what was there may be gone, as some of what is sent is well meant. */
async function targets(): Promise<{ readonly id: string; readonly exec: string }> {
	const { status, text } = await engine.api('GET', '/containers/target/json');
	if (status !== 200 || !JSON.parse(text).State.Running || JSON.parse(text).State.Paused) {
		await engine.docker('rm', '-f', 'target');
		await engine.ok('run', '-d', '--name', 'target', '--stop-signal', 'KILL', busybox, 'sleep', '10000');
	}
	const exec = await engine.api('POST', '/containers/target/exec', { Cmd: ['true'] });
	return { id: 'target', exec: JSON.parse(exec.text).Id };
}

/** At most so many at a time; resolves to the faults. */
async function all(cases: readonly (() => Promise<string | null>)[], width = 8): Promise<string[]> {
	const faults: string[] = [];
	let next = 0;
	const worker = async () => {
		for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
			const fault = await one();
			if (fault !== null && faults.length < 12) faults.push(fault);
		}
	};
	await Promise.all(Array.from({ length: width }, worker));
	return faults;
}

function query(): string {
	const count = 1 + Math.floor(random() * 4);
	return Array.from({ length: count }, () => `${pick(random, queryNames)}=${pick(random, absurdQueryValues)}`).join(
		'&',
	);
}

/** What is sent to one route: absurd names, bodies, queries. */
function casesOf(method: string, pattern: string, id: string): (() => Promise<string | null>)[] {
	const served = isServed(method, pattern);
	const path = (segment: string) => pattern.replace(/\{\w+(\.{3})?\}/g, segment);
	const send = (target: string, body: string | Uint8Array = '') => {
		const name = `${method} ${target.length > 300 ? `${target.slice(0, 300)}…` : target}`;
		return () => faultOf(name, requestBytes(method, target, body), served);
	};
	const named = pattern.includes('{') ? absurdSegments.map((segment) => send(path(segment))) : [];
	// An attachment ends without reading what it did not ask for, and the end of such a connection can outrun the answer.
	const usable = absurdBodies.filter((body) => !pattern.endsWith('/attach') || body.length < 4096);
	const bodies = usable.map((body) => send(path(id), body));
	const queries = Array.from({ length: rounds }, () => send(`${path(id)}?${query()}`, pick(random, usable)));
	return [...named, ...queries, ...(method === 'GET' || method === 'HEAD' ? [] : bodies)];
}

async function pss(): Promise<number> {
	const text = readFileSync(`/proc/${engine.pid()}/smaps_rollup`, 'utf8');
	return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) / 1024;
}

/** Names of files in the daemon's directories, but for databases and what is not of one container or volume. */
function files(): string[] {
	return ['data', 'exec']
		.flatMap((folder) => readdirSync(`${engine.root}/${folder}`, { recursive: true, encoding: 'utf8' }))
		.filter((name) => !/(^|\/)(gantry\.db|shims?\/|pool)/.test(name))
		.sort();
}

describe.skipIf(engineKind === 'dockerd')('bad input', () => {
	let before: { readonly files: readonly string[]; readonly memory: number };

	test('warms up', async () => {
		const { id } = await targets();
		await all(
			[...absurdBodies, '{}'].map((body) => () => faultOf('', requestBytes('POST', '/containers/create', body), true)),
		);
		await engine.ok('rm', '-f', id);
		before = { files: files(), memory: await pss() };
	});

	test.each(routes.map(({ method, pattern }) => `${method} ${pattern}`))('%s', async (route) => {
		const [method = '', pattern = ''] = route.split(' ');
		const { id, exec } = await targets();
		const target = pattern.startsWith('/exec') ? exec : pattern.startsWith('/images') ? busybox : id;
		expect(await all(casesOf(method, pattern, target))).toEqual([]);
		if (pattern.startsWith('/images')) await engine.loadBusybox();
	});

	test.each(samples.filter(({ method, path }) => isServed(method, path.split('?')[0] ?? '')).map(({ path }) => path))(
		'fields of %s: another type is refused by name, whatever else is no fault of the daemon',
		async (path) => {
			const sample = samples.find((one) => one.path === path);
			if (sample === undefined) throw new Error(path);
			const { id, exec } = await targets();
			const target = path.replace('{id}', id).replace('{exec}', exec);
			const refusals = placesIn(sample.body).flatMap((place) =>
				wrongValues(place.value).map((value) => async () => {
					const body = write(replaced(sample.body, place.path, value));
					const answer = await sendRaw(engine.socket, requestBytes('POST', target, body), deadline);
					const named = answer.status === 400 && nameOf(place.path).test(answer.body);
					return named ? null : `${place.path.join('.')} = ${write(value)}: ${answer.status} ${answer.body}`;
				}),
			);
			expect(await all(refusals)).toEqual([]);
			const absurd = placesIn(sample.body).flatMap((place) =>
				[pick(random, absurdValues), pick(random, absurdValues)].map((value) => {
					const body = write(replaced(sample.body, place.path, value));
					return () =>
						faultOf(
							`${place.path.join('.')} = ${write(value).slice(0, 100)}`,
							requestBytes('POST', target, body),
							true,
						);
				}),
			);
			expect(await all(absurd)).toEqual([]);
		},
	);

	test('bodies of 10 MB are refused where JSON is read', async () => {
		const { id, exec } = await targets();
		const label = 'x'.repeat(10 << 20);
		const cases = samples
			.filter(({ method, path }) => isServed(method, path.split('?')[0] ?? ''))
			.map(({ method, path, body }) => () => {
				const target = path.replace('{id}', id).replace('{exec}', exec);
				const bytes = requestBytes(method, target, write({ ...body, Labels: { a: label }, Cmd: [label] }));
				return faultOf(`10 MB at ${path}`, bytes, true, true);
			});
		expect(await all(cases, 2)).toEqual([]);
	});

	test('broken HTTP is answered or cut, at once', async () => {
		const heads = [
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n',
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n',
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n',
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}',
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}',
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
			'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{"Image":',
			'GET /containers/json HTTP/9.9\r\nHost: x\r\n\r\n',
			'GET containers/json HTTP/1.1\r\nHost: x\r\n\r\n',
			'GET http://x/containers/json HTTP/1.1\r\nHost: x\r\n\r\n',
			'\0\0\0\0\r\n\r\n',
			'GET / HTTP/1.1\r\n bad: folded\r\n\r\n',
			`GET /${'a'.repeat(400_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
			`GET /_ping HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(400_000)}\r\n\r\n`,
			`GET /_ping HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(20_000)}\r\n`,
			'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
			'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
			'BREW /containers/json HTTP/1.1\r\nHost: x\r\n\r\n',
			'POST /containers/target/attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: nonsense\r\n\r\n',
			'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
			'POST /exec/nope/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 1\r\n\r\n{',
		];
		const faults = await all(
			heads.map((head) => async () => {
				try {
					const { status, body } = await sendRaw(engine.socket, Buffer.from(head, 'latin1'), deadline, true);
					return status !== null && status >= 500 ? `${head.slice(0, 200)}: ${status} ${body}` : null;
				} catch (error) {
					return `${head.slice(0, 200)}: ${String(error)}`;
				}
			}),
		);
		expect(faults).toEqual([]);
	});

	test('nothing stays, and the daemon is well and no larger', async () => {
		const made = (await engine.ok('ps', '-aq')).split('\n').filter((id) => id !== '');
		if (made.length > 0) await engine.ok('rm', '-fv', ...made);
		await engine.ok('volume', 'prune', '-af');
		const images = (await engine.ok('images', '-q', '--no-trunc')).split('\n');
		for (const id of new Set(images)) {
			const { RepoTags } = JSON.parse((await engine.api('GET', `/images/${id}/json`)).text);
			if (!RepoTags.includes(busybox)) await engine.ok('rmi', '-f', id);
		}
		expect(await engine.ok('run', '--rm', busybox, 'echo', 'well')).toBe('well');
		// What was taken apart last is still being deleted beside the answers.
		for (const end = Date.now() + 10_000; files().length !== before.files.length && Date.now() < end; )
			await Bun.sleep(50);
		expect(files()).toEqual([...before.files]);
		expect(engine.log()).not.toMatch(/TypeError|ReferenceError|RangeError/);
		// The daemon gives memory back when it has been at rest for some seconds.
		const end = Date.now() + 30_000;
		while ((await pss()) > before.memory + allowedGrowth && Date.now() < end) await Bun.sleep(500);
		console.log(`memory: ${before.memory.toFixed(0)} MiB before, ${(await pss()).toFixed(0)} after`);
		expect(await pss()).toBeLessThan(before.memory + allowedGrowth);
	});
});
