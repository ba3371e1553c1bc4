import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import {
	buildImage,
	busyboxImage,
	busyboxRootfs,
	digestOf,
	tarOf,
	writeDockerArchive,
} from '../support/image-builder.ts';
import { startRegistryInside } from '../support/inside-registry.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const message = (text: string): string => JSON.parse(text).message;

test('unknown things are 404 with Docker’s words', async () => {
	const missing = await engine.api('POST', '/v1.41/containers/create', { Image: 'no/such:image' });
	expect(missing.status).toBe(404);
	expect(message(missing.text)).toBe('No such image: no/such:image');
	for (const [method, path, word] of [
		['GET', '/v1.41/containers/nope/json', 'No such container: nope'],
		['POST', '/v1.41/containers/nope/start', 'No such container: nope'],
		['DELETE', '/v1.41/containers/nope', 'No such container: nope'],
		['GET', '/v1.41/images/nope/json', 'No such image: nope'],
		['GET', '/v1.41/exec/nope/json', 'No such exec instance: nope'],
		['GET', '/v1.41/networks/nope', 'network nope not found'],
	] as const) {
		const { status, text } = await engine.api(method, path);
		expect([path, status]).toEqual([path, 404]);
		expect(message(text)).toContain(engineKind === 'dockerd' ? 'nope' : word);
	}
	expect((await engine.api('GET', '/v1.41/no/such/page')).status).toBe(404);
});

test('bad names, bad JSON, bad values are 400', async () => {
	const create = (path: string, body?: unknown, raw?: string) =>
		engine.api('POST', `/v1.41/containers/create${path}`, body, raw);
	const named = await create('?name=a/b', { Image: busybox });
	expect(named.status).toBe(400);
	expect(message(named.text)).toContain('Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed');
	// Old dockerds take the blame themselves.
	const bad = engineKind === 'dockerd' ? [400, 500] : [400];
	expect(bad).toContain((await create('', undefined, '{"Image":')).status);
	expect(bad).toContain((await create('', undefined, '[]')).status);
	expect(bad).toContain((await create('', { Image: busybox, HostConfig: { Memory: 1024 } })).status);
	expect(bad).toContain((await create('', { Image: busybox, HostConfig: { Binds: ['relative:path:zz'] } })).status);
	expect(bad).toContain((await create('', { Image: busybox, HostConfig: { NanoCpus: 1e15 } })).status);
	expect(bad).toContain((await engine.api('GET', '/v1.41/containers/json?filters=nonsense')).status);
	expect(
		(await engine.api('GET', `/v1.41/containers/json?filters=${encodeURIComponent('{"bad":["x"]}')}`)).status,
	).toBe(400);
	expect((await engine.api('GET', '/v9.99/containers/json')).status).toBe(400);
	expect(await engine.ok('ps', '-aq')).toBe('');
});

test('a name in use is 409', async () => {
	await engine.ok('create', '--name', 'taken', busybox);
	const second = await engine.api('POST', '/v1.41/containers/create?name=taken', { Image: busybox });
	expect(second.status).toBe(409);
	expect(message(second.text)).toMatch(
		/Conflict\. The container name "\/taken" is already in use by container "[0-9a-f]{64}"/,
	);
	await engine.ok('rm', 'taken');
});

test('127 for what is not there, 126 for what cannot run, 125 for our own errors', async () => {
	const missing = await engine.docker('run', '--name', 'c127', busybox, 'no-such-program');
	expect(missing.code).toBe(127);
	expect(missing.stderr).toMatch(/executable file .*not found/);
	expect(await engine.ok('inspect', '-f', '{{.State.ExitCode}} {{.State.Status}}', 'c127')).toBe('127 created');
	expect((await engine.docker('run', '--name', 'c126', busybox, '/etc/passwd')).code).toBe(126);
	expect(await engine.ok('inspect', '-f', '{{.State.ExitCode}}', 'c126')).toBe('126');
	expect((await engine.docker('run', '--rm', '--network', 'nope', busybox)).code).toBe(125);
	await engine.ok('rm', '-f', 'c127', 'c126');
	expect((await engine.docker('ps', '-aq')).stdout).not.toContain('nope');
	expect(await engine.leftovers()).toEqual([]);
});

test('a layer that is corrupt in the registry', async () => {
	await using registry = await startRegistryInside(engine);
	const built = buildImage({ tars: [busyboxRootfs([{ name: 'etc/z', content: 'corrupt me' }])] });
	const name = await registry.push(built, 'corrupt', '1');
	const blob = blobOf(built.layers[0]!.descriptor.digest, registry.directory);
	const bytes = readFileSync(blob);
	bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 0xff;
	writeFileSync(blob, bytes);
	const result = await engine.docker('pull', name);
	expect(result.code).toBe(1);
	expect((await engine.docker('inspect', name)).code).toBe(1);
	rmSync(blob);
	expect((await engine.docker('pull', name)).code).toBe(1);
	expect((await engine.docker('inspect', name)).code).toBe(1);
}, 60_000);

function blobOf(digest: string, directory: string): string {
	const hex = digest.slice(7);
	return join(directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
}

test('a truncated archive, and one that is none', async () => {
	const file = `${engine.work}/cut.tar`;
	writeDockerArchive(file, busyboxImage({ created: '2020-01-01T00:00:00Z' }), 'cut:1');
	truncateSync(file, 700_000);
	expect((await engine.docker('load', '-i', file)).code).toBe(1);
	writeFileSync(file, 'this is no tar at all');
	expect((await engine.docker('load', '-i', file)).code).toBe(1);
	expect((await engine.docker('images', '-q', 'cut')).stdout).toBe('');
});

test.each([
	['a name that climbs out', [{ name: '../../../../tmp/gantry-escape-1', content: 'x' }]],
	['an absolute name', [{ name: '/tmp/gantry-escape-2', content: 'x' }]],
	[
		'a symlink to the root of the host',
		[
			{ name: 'evil', type: 'symlink', linkName: '/' },
			{ name: 'evil/tmp/gantry-escape-3', content: 'x' },
		],
	],
	[
		'a symlink that climbs out',
		[
			{ name: 'up', type: 'symlink', linkName: '../../../../../../tmp' },
			{ name: 'up/gantry-escape-4', content: 'x' },
		],
	],
	[
		'a hard link to a file of the host',
		[{ name: 'passwd', type: 'hardlink', linkName: '../../../../../../etc/hostname' }],
	],
] as const)('a layer with %s writes nothing outside', async (_, entries) => {
	const file = `${engine.work}/evil.tar`;
	writeDockerArchive(file, buildImage({ tars: [busyboxRootfs(), tarOf([...entries])] }), 'evil:1');
	const loaded = await engine.docker('load', '-i', file);
	expect([0, 1]).toContain(loaded.code);
	expect(readdirSync('/tmp').filter((name) => name.startsWith('gantry-escape'))).toEqual([]);
	if (loaded.code === 0) {
		const ran = await engine.docker('run', '--rm', 'evil:1', 'cat', '/passwd');
		expect(ran.stdout).not.toContain(readFileSync('/etc/hostname', 'utf8').trim());
		await engine.ok('rmi', '-f', 'evil:1');
	}
	expect(existsSync('/etc/hostname')).toBe(true);
});

test('a layer whose bytes are not its diff id', async () => {
	const built = buildImage({ tars: [busyboxRootfs([{ name: 'etc/only-here', content: 'x' }])] });
	const wrong = { ...built, tars: [tarOf([{ name: 'other', content: 'x' }])] };
	expect(digestOf(wrong.tars[0]!)).not.toBe(digestOf(built.tars[0]!));
	const file = `${engine.work}/wrong.tar`;
	writeDockerArchive(file, wrong, 'wrong:1');
	expect((await engine.docker('load', '-i', file)).code).toBe(1);
});

test.skipIf(engineKind === 'dockerd')('what Gantry does not do it refuses in clear words', async () => {
	const { status, text } = await engine.api('POST', '/v1.41/swarm/init', {});
	expect(status).toBe(501);
	expect(message(text)).toMatch(/not supported/);
});

test('the daemon is still well after all this', async () => {
	expect(await engine.ok('run', '--rm', busybox, 'echo', 'well')).toBe('well');
});
