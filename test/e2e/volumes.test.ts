import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { busybox, now, startEngine, type TestEngine } from '../support/daemon.ts';
import { busyboxRootfs, type TarEntry } from '../support/image-builder.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

test('create, ls, inspect, rm', async () => {
	expect(await engine.ok('volume', 'create', '--label', 'a=b', 'data')).toBe('data');
	expect(await engine.ok('volume', 'create', 'data')).toBe('data');
	expect(await engine.ok('volume', 'ls', '-q', '--filter', 'label=a=b')).toBe('data');
	expect(await engine.ok('volume', 'ls', '-q', '--filter', 'label=a=c')).toBe('');
	const [info] = JSON.parse(await engine.ok('volume', 'inspect', 'data'));
	expect(info).toMatchObject({ Name: 'data', Driver: 'local', Scope: 'local', Labels: { a: 'b' }, Options: null });
	expect(existsSync(info.Mountpoint)).toBe(true);
	expect(await engine.ok('volume', 'rm', 'data')).toBe('data');
	expect(existsSync(info.Mountpoint)).toBe(false);
	expect((await engine.docker('volume', 'inspect', 'data')).stderr).toMatch(
		/get data: no such volume|No such volume: data/,
	);
	expect((await engine.docker('volume', 'create', 'a/b')).stderr).toContain(
		'includes invalid characters for a local volume name',
	);
	expect((await engine.docker('volume', 'create', 'x')).stderr).toContain(
		'create x: volume name is too short, names should be at least two alphanumeric characters',
	);
});

test('content outlives containers, and a volume in use stays', async () => {
	await engine.ok('run', '--rm', '-v', 'keep:/data', busybox, 'sh', '-c', 'echo kept > /data/file');
	expect(await engine.ok('run', '--rm', '-v', 'keep:/other:ro', busybox, 'cat', '/other/file')).toBe('kept');
	expect((await engine.docker('run', '--rm', '-v', 'keep:/data:ro', busybox, 'touch', '/data/x')).stderr).toContain(
		'Read-only',
	);
	const id = await engine.ok('create', '-v', 'keep:/data', busybox, 'true');
	const refused = await engine.docker('volume', 'rm', 'keep');
	expect(refused.stderr).toContain(`remove keep: volume is in use - [${id}]`);
	await engine.ok('rm', '-v', id);
	expect(await engine.ok('volume', 'ls', '-q')).toBe('keep');
	await engine.ok('volume', 'rm', 'keep');
});

test('a new volume gets what the image has there, with owner and mode; one with nocopy or with content does not', async () => {
	await importImage('filled-image', [
		{ name: 'srv/', mode: 0o750, uid: 5, gid: 6 },
		{ name: 'srv/file', mode: 0o640, uid: 12, gid: 34, content: 'image\n' },
	]);
	const look = ['sh', '-c', 'stat -c "%u:%g %a" /srv /srv/file; cat /srv/file'];
	expect(await engine.ok('run', '--rm', '-v', 'filled:/srv', 'filled-image', ...look)).toBe(
		'5:6 750\n12:34 640\nimage',
	);
	await engine.ok('run', '--rm', '-v', 'filled:/x', busybox, 'mv', '/x/file', '/x/other');
	expect(await engine.ok('run', '--rm', '-v', 'filled:/srv', 'filled-image', 'ls', '/srv')).toBe('other');
	// One that became empty gets it again: whether it ever had content is not asked.
	await engine.ok('run', '--rm', '-v', 'filled:/x', busybox, 'rm', '/x/other');
	await engine.ok('create', '--name', 'filler', '-v', 'filled:/srv', 'filled-image', 'true');
	expect(await engine.ok('run', '--rm', '--volumes-from', 'filler', busybox, 'ls', '/srv')).toBe('file');
	await engine.ok('rm', 'filler');
	expect(await engine.ok('run', '--rm', '-v', 'bare:/srv:nocopy', 'filled-image', 'ls', '/srv')).toBe('');
	await engine.ok('volume', 'rm', 'filled', 'bare');
	await engine.ok('rmi', 'filled-image');
});

test('anonymous volumes go with --rm and rm -v, and prune takes what is left', async () => {
	await engine.ok('run', '--rm', '-v', '/data', busybox, 'touch', '/data/x');
	expect(await engine.ok('volume', 'ls', '-q')).toBe('');
	await engine.ok('run', '--name', 'one', '-v', '/data', busybox, 'touch', '/data/x');
	await engine.ok('rm', 'one');
	const left = await engine.ok('volume', 'ls', '-q', '--filter', 'dangling=true');
	expect(left).toMatch(/^[0-9a-f]{64}$/);
	await engine.ok('volume', 'create', 'named');
	// By the API of today: clients of years ago ask for the named ones without saying so.
	const prune = async (filters: object) =>
		(await engine.api('POST', `/v1.51/volumes/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`)).text;
	expect(JSON.parse(await prune({})).VolumesDeleted).toEqual([left]);
	expect(await engine.ok('volume', 'ls', '-q')).toBe('named');
	expect(JSON.parse(await prune({ all: ['true'] })).VolumesDeleted).toEqual(['named']);
	await engine.ok('run', '--name', 'two', '-v', '/data', busybox, 'true');
	await engine.ok('rm', '-v', 'two');
	expect(await engine.ok('volume', 'ls', '-q')).toBe('');
});

test('events tell of the use of volumes', async () => {
	const since = now();
	await engine.ok('run', '--rm', '-v', 'told:/data:ro', busybox, 'true');
	await engine.ok('volume', 'rm', 'told');
	const format = '{{.Action}} {{index .Actor.Attributes "destination"}} {{index .Actor.Attributes "read/write"}}';
	const lines = await engine.lines(4, 'events', '--since', since, '--filter', 'type=volume', '--format', format);
	expect(lines.map((line) => line.trim())).toEqual(['create', 'mount /data false', 'unmount', 'destroy']);
});

test('a symlink in the image at the mount point leads nowhere outside', async () => {
	const outside = `${engine.root}/work/outside`;
	mkdirSync(outside);
	writeFileSync(`${outside}/secret`, 'of the host');
	await importImage('evil', [{ name: 'evil', type: 'symlink', linkName: outside }]);
	// The path does not exist inside the image: nothing to mount on, and nothing of the host's is made or copied.
	expect((await engine.docker('run', '--rm', '-v', 'trap:/evil', 'evil', 'true')).code).not.toBe(0);
	expect(await engine.ok('run', '--rm', '-v', 'trap:/trap', busybox, 'ls', '/trap')).toBe('');
	expect(readdirSync(outside)).toEqual(['secret']);
	await engine.ok('volume', 'rm', 'trap');
	await engine.ok('rmi', 'evil');
});

/** An image of busybox with further entries. */
async function importImage(name: string, entries: readonly TarEntry[]): Promise<void> {
	const path = `${engine.root}/work/${name}.tar`;
	writeFileSync(path, busyboxRootfs(entries));
	await engine.ok('import', path, name);
}
