import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import {
	buildImage,
	busyboxImage,
	busyboxRootfs,
	ociLayout,
	tarOf,
	writeDockerArchive,
} from '../support/image-builder.ts';
import { startRegistryInside } from '../support/inside-registry.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
});
afterAll(() => engine.close());

const image = (layer: string) =>
	buildImage({
		tars: [busyboxRootfs(), tarOf([{ name: 'etc/layer', content: layer }])],
		config: { Cmd: ['cat', '/etc/layer'], Env: ['PATH=/bin', 'K=v'], Labels: { made: 'by-test' } },
		created: '2024-05-01T12:00:00Z',
	});

test('pull from a registry on loopback, run, pull again, rmi', async () => {
	await using registry = await startRegistryInside(engine);
	const name = await registry.push(image('pulled\n'), 'team/app', '1');
	const pulled = await engine.ok('pull', name);
	expect(pulled).toContain('Pull complete');
	expect(pulled).toContain('Status: Downloaded newer image for');
	expect(pulled).toMatch(/Digest: sha256:[0-9a-f]{64}/);
	expect(pulled.split('\n').at(-1)).toBe(name);
	expect(await engine.ok('run', '--rm', name)).toBe('pulled');
	expect(await engine.ok('pull', name)).toContain('Status: Image is up to date for');
	expect(await engine.ok('images', '--format', '{{.Repository}}:{{.Tag}}')).toBe(name);
	expect(await engine.ok('inspect', '-f', '{{index .RepoDigests 0}}', name)).toMatch(/team\/app@sha256:[0-9a-f]{64}$/);
	const removed = await engine.ok('rmi', name);
	expect(removed).toContain(`Untagged: ${name}`);
	expect(removed).toMatch(/Deleted: sha256:[0-9a-f]{64}/);
	expect(await engine.ok('images', '-q')).toBe('');
});

test('pull by digest, and run pulls what is missing', async () => {
	await using registry = await startRegistryInside(engine);
	const built = image('by digest\n');
	const name = await registry.push(built, 'app', 'latest');
	const byDigest = `${name.replace(/:latest$/, '')}@${built.manifest.descriptor.digest}`;
	await engine.ok('pull', byDigest);
	expect(await engine.ok('run', '--rm', byDigest)).toBe('by digest');
	await engine.ok('rmi', byDigest);
	const result = await engine.docker('run', '--rm', name.replace(/:latest$/, ''));
	expect(result.stdout).toBe('by digest\n');
	expect(result.stderr).toContain('Unable to find image');
	await engine.ok('rmi', name);
});

test('layers that are here are not fetched again', async () => {
	await using registry = await startRegistryInside(engine);
	await engine.ok('pull', await registry.push(image('one\n'), 'app', 'one'));
	const second = await engine.ok('pull', await registry.push(image('two\n'), 'app', 'two'));
	expect(second).toContain('Already exists');
	expect(second.match(/Pull complete/g)).toHaveLength(1);
	expect(await engine.ok('run', '--rm', `${registry.host}/app:two`)).toBe('two');
	await engine.ok('rmi', `${registry.host}/app:one`, `${registry.host}/app:two`);
});

test('what a registry does not have', async () => {
	await using registry = await startRegistryInside(engine);
	const result = await engine.docker('pull', `${registry.host}/no/such:1`);
	expect(result.code).toBe(1);
	expect(result.stderr).toMatch(/manifest unknown|not found|repository does not exist/);
});

test('load a docker archive', async () => {
	const file = `${engine.work}/image.tar`;
	writeDockerArchive(file, image('loaded\n'), 'loaded:1', 'loaded:2');
	const output = await engine.ok('load', '-i', file);
	expect(output).toContain('Loaded image: loaded:1');
	expect(output).toContain('Loaded image: loaded:2');
	expect(await engine.ok('run', '--rm', 'loaded:1')).toBe('loaded');
	expect(await engine.ok('rmi', 'loaded:1')).toBe('Untagged: loaded:1');
	expect(await engine.ok('rmi', 'loaded:2')).toContain('Deleted: sha256:');
});

test.skipIf(engineKind === 'dockerd')('load an OCI layout', async () => {
	const file = `${engine.work}/layout.tar`;
	writeFileSync(file, ociLayout([{ image: busyboxImage({ format: 'oci' }), name: 'docker.io/library/laid:out' }]));
	expect(await engine.ok('load', '-i', file)).toContain('Loaded image: laid:out');
	expect(await engine.ok('run', '--rm', 'laid:out', 'echo', 'ran')).toBe('ran');
	await engine.ok('rmi', 'laid:out');
});

test('import with changes', async () => {
	const file = `${engine.work}/root.tar`;
	writeFileSync(file, busyboxRootfs([{ name: 'etc/imported', content: 'yes\n' }]));
	const changes = ['CMD ["cat","/etc/imported"]', 'ENV A=b', 'WORKDIR /tmp', 'EXPOSE 80', 'LABEL x=y', 'USER 33'];
	const id = await engine.ok('import', ...changes.flatMap((change) => ['-c', change]), '-m', 'why', file, 'imported:1');
	expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
	expect(await engine.ok('run', '--rm', 'imported:1')).toBe('yes');
	const comment = (ref: string) => engine.ok('history', '--format', '{{.Comment}}', ref);
	const plain = await engine.ok('import', file);
	expect([await comment('imported:1'), await comment(plain)]).toEqual(['why', 'Imported from -']);
	await engine.ok('rmi', plain);
	expect(await engine.ok('run', '--rm', 'imported:1', 'sh', '-c', 'echo $A $(pwd) $(id -u)')).toBe('b /tmp 33');
	const config = JSON.parse(await engine.ok('inspect', '-f', '{{json .Config}}', 'imported:1'));
	expect(config.ExposedPorts).toEqual({ '80/tcp': {} });
	expect(config.Labels).toEqual({ x: 'y' });
	await engine.ok('rmi', 'imported:1');
});

test('tag, images and their filters', async () => {
	const file = `${engine.work}/tags.tar`;
	writeDockerArchive(file, image('tagged\n'), 'tagged:1');
	await engine.ok('load', '-q', '-i', file);
	await engine.ok('tag', 'tagged:1', 'example.test/deep/name:v2');
	const list = async (...flags: string[]) =>
		(await engine.ok('images', '--format', '{{.Repository}}:{{.Tag}}', ...flags)).split('\n').sort();
	expect(await list()).toEqual(['example.test/deep/name:v2', 'tagged:1']);
	expect(await list('tagged')).toEqual(['tagged:1']);
	expect(await list('--filter', 'reference=*/deep/*')).toEqual(['example.test/deep/name:v2']);
	expect(await list('--filter', 'label=made=by-test')).toHaveLength(2);
	expect(await list('--filter', 'label=made=else')).toEqual(['']);
	const id = await engine.ok('images', '-q', '--no-trunc', 'tagged');
	expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
	expect(await engine.ok('inspect', '-f', '{{.Id}}', id.slice(7, 19))).toBe(id);
	expect((await engine.docker('rmi', id)).stderr).toContain('must be forced');
	await engine.ok('rmi', '-f', id);
	expect(await engine.ok('images', '-q')).toBe('');
});

test('an image in use stays', async () => {
	const file = `${engine.work}/used.tar`;
	writeDockerArchive(file, image('used\n'), 'used:1');
	await engine.ok('load', '-q', '-i', file);
	await engine.ok('create', '--name', 'user', 'used:1');
	const refused = await engine.docker('rmi', 'used:1');
	expect(refused.code).toBe(1);
	expect(refused.stderr).toMatch(/conflict: unable to (remove|delete).*container [0-9a-f]{12} is using/);
	await engine.ok('rm', 'user');
	await engine.ok('rmi', 'used:1');
});

test('history shows the layers', async () => {
	const file = `${engine.work}/history.tar`;
	writeDockerArchive(file, image('history\n'), 'history:1');
	await engine.ok('load', '-q', '-i', file);
	expect((await engine.ok('history', '--format', '{{.CreatedBy}}', '--no-trunc', 'history:1')).split('\n')).toEqual([
		'/bin/sh -c #(nop) ADD layer 1',
		'/bin/sh -c #(nop) ADD layer 0',
	]);
	await engine.ok('rmi', 'history:1');
});
