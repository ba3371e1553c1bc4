import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEngine, type TestEngine } from '../support/daemon.ts';
import { buildImage, busyboxRootfs, tarOf, writeDockerArchive } from '../support/image-builder.ts';
import { startRegistryInside } from '../support/inside-registry.ts';
import { onTerminal } from '../support/run.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
});
afterAll(() => engine.close());

const image = (name: string) =>
	buildImage({
		tars: [busyboxRootfs(), tarOf([{ name: 'etc/layer', content: name }])],
		config: { Cmd: ['cat', '/etc/layer'], Env: ['PATH=/bin'] },
	});

test('all tags of a repository', async () => {
	await using registry = await startRegistryInside(engine);
	const names: string[] = [];
	for (const tag of ['one', 'two', 'three']) names.push(await registry.push(image(tag), 'many/tags', tag));
	const repository = `${registry.host}/many/tags`;
	const output = await engine.ok('pull', '-a', repository);
	for (const tag of ['one', 'two', 'three']) expect(output).toContain(`${tag}: Pulling from many/tags`);
	expect(output.match(/^Digest: sha256:[0-9a-f]{64}$/gm)).toHaveLength(3);
	expect(output.split('\n').slice(-2)).toEqual([`Status: Downloaded newer image for ${repository}`, repository]);
	expect(await engine.ok('pull', '-aq', repository)).toBe(repository);
	expect(await engine.ok('run', '--rm', `${repository}:two`)).toBe('two');
	await engine.ok('rmi', ...names);
	const missing = await engine.docker('pull', '-a', `${registry.host}/no/such`);
	expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('not found')]);
});

test('a registry that wants credentials', async () => {
	const open = await startRegistryInside(engine);
	await open.push(image('guarded'), 'guarded', '1');
	await open.stop();
	const auth = { username: 'me', password: 'secret' };
	await using registry = await startRegistryInside(engine, { directory: open.directory, auth });
	const name = `${registry.host}/guarded:1`;
	// It ends: no question is asked.
	const refused = await engine.docker('pull', name);
	expect([refused.code, refused.stdout]).toEqual([1, '']);
	expect(refused.stderr).toContain('no basic auth credentials');
	const config = join(engine.work, 'logged-in');
	mkdirSync(config);
	const login = (password: string) => {
		const entry = { auth: Buffer.from(`${auth.username}:${password}`).toString('base64') };
		writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: entry } }));
	};
	login('wrong');
	expect((await engine.docker('--config', config, 'pull', name)).code).toBe(1);
	login(auth.password);
	expect(await engine.ok('--config', config, 'pull', '-q', name)).toBe(name);
	expect(await engine.ok('run', '--rm', name)).toBe('guarded');
	await engine.ok('rmi', name);
});

test('load shows its layers on a terminal, and says when a name moves', async () => {
	const first = join(engine.work, 'first.tar');
	const second = join(engine.work, 'second.tar');
	writeDockerArchive(first, image('first'), 'moving:1');
	writeDockerArchive(second, image('second'), 'moving:1');
	const session = onTerminal(engine.command('docker', 'load', '-i', first));
	expect(await session.exited).toBe(0);
	await session.waitFor(/Loaded image: moving:1/);
	expect(session.output()).toMatch(/[0-9a-f]{12}: Loading layer/);
	const id = await engine.ok('inspect', '-f', '{{.Id}}', 'moving:1');
	expect(await engine.ok('load', '-i', second)).toBe(
		`The image moving:1 already exists, renaming the old one with ID ${id} to empty string\nLoaded image: moving:1`,
	);
	expect(await engine.ok('images', '-q', '--no-trunc', '-f', 'dangling=true')).toBe(id);
	await engine.ok('rmi', 'moving:1', id);
});
