import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TarHeaderInput, tarEnd, tarPadding, writeTarHeader } from '../../src/lib/tar/write.ts';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
let here: string;
let count = 0;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());
beforeEach(() => {
	here = join(engine.work, `copy-${++count}`);
	mkdirSync(join(here, 'dir/sub'), { recursive: true });
	writeFileSync(join(here, 'dir/sub/deep'), 'deep\n');
	writeFileSync(join(here, 'file'), 'file\n', { mode: 0o640 });
	symlinkSync('file', join(here, 'link'));
});

/** A container that was never started; its name. */
async function created(...more: string[]): Promise<string> {
	const name = `box${++count}`;
	await engine.ok('create', '--name', name, ...more, busybox, 'sleep', '1000');
	return name;
}

/** What the container has below a folder: type, mode, owner, path, link. */
async function tree(name: string, folder: string): Promise<string[]> {
	const { stdout } = await engine.inside(
		'sh',
		'-c',
		`docker cp ${name}:${folder} - | tar -tv --numeric-owner | awk '{print $1,$2,$6,$7,$8}'`,
	);
	return stdout
		.trim()
		.split('\n')
		.map((line) => line.trim());
}

type Item = TarHeaderInput & { readonly body?: string };

function tarOf(...items: readonly Item[]): Uint8Array {
	const parts: Uint8Array[] = [];
	for (const { body = '', ...header } of items) {
		parts.push(writeTarHeader({ ...header, size: body.length }), Buffer.from(body), tarPadding(body.length));
	}
	return Buffer.concat([...parts, tarEnd]);
}

async function put(name: string, query: string, body: Uint8Array): Promise<{ status: number; text: string }> {
	const response = await fetch(`http://localhost/v1.41/containers/${name}/archive?${query}`, {
		method: 'PUT',
		unix: engine.socket,
		body,
	});
	return { status: response.status, text: await response.text() };
}

/** dockerd 20.10 answers 500 to what the API calls a bad request; what it says is the same. */
const status = (right: number): number => (engineKind === 'dockerd' ? 500 : right);

describe.each(engineKind === 'dockerd' ? ['docker'] : ['docker', 'gantry'])('%s cp', (program) => {
	const cp = (...args: string[]) =>
		engine.inside(
			'sh',
			'-c',
			'cd "$0" && exec "$@"',
			here,
			...(program === 'docker' ? ['docker', 'cp'] : [join(import.meta.dir, '../../dist/gantry'), 'cp']),
			...args,
		);
	const good = async (...args: string[]) => {
		const result = await cp(...args);
		expect(result).toMatchObject({ code: 0, stderr: '' });
	};

	test('files and directories in, by the rules of names', async () => {
		const box = await created();
		await good('file', `${box}:/tmp`);
		await good('file', `${box}:/tmp/renamed`);
		await good('dir', `${box}:/tmp`);
		await good('dir', `${box}:/tmp/other`);
		await good('dir/.', `${box}:/tmp/other/sub`);
		await good('link', `${box}:/tmp/link`);
		await good('-L', 'link', `${box}:/tmp/followed`);
		expect(await tree(box, '/tmp/.')).toEqual([
			'drwxrwxrwt 0/0 ./',
			'drwxr-xr-x 0/0 ./dir/',
			'drwxr-xr-x 0/0 ./dir/sub/',
			'-rw-r--r-- 0/0 ./dir/sub/deep',
			'-rw-r----- 0/0 ./file',
			'-rw-r----- 0/0 ./followed',
			'lrwxrwxrwx 0/0 ./link -> file',
			'drwxr-xr-x 0/0 ./other/',
			'drwxr-xr-x 0/0 ./other/sub/',
			'-rw-r--r-- 0/0 ./other/sub/deep',
			'drwxr-xr-x 0/0 ./other/sub/sub/',
			'-rw-r--r-- 0/0 ./other/sub/sub/deep',
			'-rw-r----- 0/0 ./renamed',
		]);
	});

	test('out again, with links and times', async () => {
		const box = await created();
		await good('dir', `${box}:/srv`);
		await good('link', `${box}:/link`);
		await good(`${box}:/srv`, 'back');
		await good(`${box}:/srv`, '.');
		await good(`${box}:/srv/.`, 'dir');
		await good(`${box}:/srv/sub/deep`, 'dir/renamed');
		await good(`${box}:/link`, 'back/link');
		expect(readFileSync(join(here, 'back/sub/deep'), 'utf8')).toBe('deep\n');
		expect(Math.floor(statSync(join(here, 'back/sub/deep')).mtimeMs / 1000)).toBe(
			Math.floor(statSync(join(here, 'dir/sub/deep')).mtimeMs / 1000),
		);
		expect(readdirSync(here).sort()).toEqual(['back', 'dir', 'file', 'link', 'srv']);
		expect(readdirSync(join(here, 'dir')).sort()).toEqual(['renamed', 'sub']);
		expect(readlinkSync(join(here, 'back/link'))).toBe('file');
	});

	test('what cannot be', async () => {
		const box = await created();
		await good('dir', `${box}:/srv`);
		for (const [args, message] of [
			[['nothing', `${box}:/tmp`], 'no such file or directory'],
			[[`${box}:/nothing`, 'x'], `Could not find the file /nothing in container ${box}`],
			[['file', `${box}:/missing/x`], `Could not find the file /missing in container ${box}`],
			[['file', `${box}:/missing/`], 'no such directory'],
			[['dir', `${box}:/etc/passwd`], 'cannot copy directory'],
			[[`${box}:/srv`, 'file'], 'cannot copy directory'],
			[[`${box}:/srv`, 'nowhere/x'], 'does not exist'],
			[['file', 'other'], 'must specify at least one container source'],
			[[`${box}:/a`, `${box}:/b`], 'copying between containers is not supported'],
			[['file', 'nobox:/tmp'], 'No such container: nobox'],
			[['-', `${box}:/etc/passwd`], 'must be a directory'],
		] as const) {
			const result = await cp(...args);
			expect([args, result.code, result.stderr]).toEqual([args, 1, expect.stringContaining(message)]);
		}
	});

	test('file onto directory and directory onto file are refused', async () => {
		const box = await created();
		await good('dir', `${box}:/srv`);
		mkdirSync(join(here, 'clash/sub'), { recursive: true });
		mkdirSync(join(here, 'clash/sub/deep'));
		const first = await cp('clash/.', `${box}:/srv`);
		expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot overwrite non-directory') });
		rmSync(join(here, 'clash/sub'), { recursive: true });
		writeFileSync(join(here, 'clash/sub'), '');
		const second = await cp('clash/.', `${box}:/srv`);
		expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot overwrite directory') });
	});
});

test('running, paused and stopped containers, with their volumes', async () => {
	const box = await created('-v', 'copied:/data', '-v', `${here}:/bound:ro`);
	const both = async (value: string) => {
		writeFileSync(join(here, 'file'), value);
		await engine.ok('cp', join(here, 'file'), `${box}:/data/file`);
		await engine.ok('cp', join(here, 'file'), `${box}:/tmp/file`);
		expect((await engine.docker('cp', join(here, 'file'), `${box}:/bound/new`)).stderr).toContain(
			'mounted volume is marked read-only',
		);
		const read = (path: string) => engine.inside('sh', '-c', `docker cp ${box}:${path} - | tar -xO`);
		expect([
			(await read('/data/file')).stdout,
			(await read('/tmp/file')).stdout,
			(await read('/bound/file')).stdout,
		]).toEqual([value, value, value]);
	};
	await both('created');
	await engine.ok('start', box);
	expect(await engine.ok('exec', box, 'cat', '/data/file', '/tmp/file')).toBe('createdcreated');
	await both('running');
	expect(await engine.ok('exec', box, 'cat', '/data/file', '/tmp/file')).toBe('runningrunning');
	await engine.ok('pause', box);
	await both('paused');
	await engine.ok('unpause', box);
	await engine.ok('kill', box);
	await both('stopped');
	await engine.ok('rm', '-f', box);
	await engine.ok('volume', 'rm', 'copied');
});

test('a read-only root takes nothing, its volumes do', async () => {
	const box = await created('--read-only', '-v', '/data');
	const tar = tarOf({ name: 'x', type: 'file', body: 'x' });
	expect(await put(box, 'path=/tmp', tar)).toEqual({
		status: status(403),
		text: expect.stringContaining('container rootfs is marked read-only'),
	});
	expect((await put(box, 'path=/data', tar)).status).toBe(200);
	expect((await put(box, 'path=/missing', tar)).status).toBe(404);
});

test('archives that are none, or lead out', async () => {
	const box = await created();
	const file = (name: string): Item => ({ name, type: 'file', body: 'data' });
	const whole = tarOf(file('a'), file('b'));
	for (const [body, message] of [
		[Buffer.from('not a tar not a tar'), 'unexpected EOF'],
		[whole.subarray(0, 514), 'unexpected EOF'],
		[tarOf(file('../evil')), '"../evil\\" is outside of'],
		[tarOf({ name: 'up', type: 'symlink', linkName: '../../../../x' }), 'invalid symlink'],
		[tarOf({ name: 'hard', type: 'hardlink', linkName: '../../etc/passwd' }), 'invalid hardlink'],
		[tarOf({ name: 'hard', type: 'hardlink', linkName: 'none' }), 'no such file or directory'],
	] as const) {
		expect(await put(box, 'path=/tmp', body)).toEqual({ status: status(400), text: expect.stringContaining(message) });
	}
	expect((await put(box, 'path=/etc/passwd', whole)).text).toContain('extraction point is not a directory');
	expect((await put(box, 'path=', whole)).status).toBe(400);
	expect((await put(box, 'path=%00', whole)).status).toBeGreaterThanOrEqual(400);
	// These stay inside, as they would in the container.
	const links = [
		file('/abs/name'),
		{ name: 'to-srv', type: 'symlink', linkName: '/var' },
		file('to-srv/through'),
		{ name: 'null', type: 'character-device', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
		{ name: 'fifo', type: 'fifo' },
	] as const;
	expect((await put(box, 'path=/tmp', tarOf(...links))).status).toBe(200);
	expect(await tree(box, '/var/through')).toEqual(['-rw-r--r-- 0/0 through']);
	expect(await tree(box, '/tmp/null')).toEqual([expect.stringMatching(/^crw-rw-rw-/)]);
	expect(existsSync('/abs/name')).toBe(false);
});

test.each(['gzip', 'bzip2', 'xz'])('an archive compressed with %s', async (program) => {
	const box = await created();
	const packed = Bun.spawnSync([program, '-c'], { stdin: tarOf({ name: 'x', type: 'file', body: program }) }).stdout;
	expect((await put(box, 'path=/tmp', packed)).status).toBe(200);
	expect((await engine.inside('sh', '-c', `docker cp ${box}:/tmp/x - | tar -xO`)).stdout).toBe(program);
});

test('links of a container lead nowhere else', async () => {
	const secret = join(here, 'secret');
	writeFileSync(secret, 'of the host\n');
	const box = await created();
	const { status: made } = await put(
		box,
		'path=/',
		tarOf(
			{ name: 'abs', type: 'symlink', linkName: secret },
			{ name: 'var/up', type: 'symlink', linkName: '..' },
			{ name: 'folder', type: 'symlink', linkName: here },
		),
	);
	expect(made).toBe(200);
	for (const path of ['/abs/.', '/folder/secret', '/folder/', '/var/up/up/secret']) {
		const result = await engine.docker('cp', `${box}:${path}`, '-');
		expect([path, result.code, result.stdout]).toEqual([path, 1, '']);
	}
	// The link itself can be had, not what it names.
	expect((await tree(box, '/abs'))[0]).toContain('-> /');
	expect((await engine.docker('cp', '-L', `${box}:/abs`, '-')).stdout).not.toContain('of the host');
	await engine.docker('cp', join(here, 'file'), `${box}:/folder/new`);
	expect(existsSync(join(here, 'new'))).toBe(false);
});

test('a container that swaps a directory for a link meanwhile', async () => {
	writeFileSync(join(here, 'secret'), 'of the host\n');
	const box = `box${++count}`;
	const swap = `mkdir -p /a/real/d /a/other; ln -s ${here} /a/other/d; while :; do mv /a/real /a/x; mv /a/other /a/real; mv /a/real /a/other; mv /a/x /a/real; done`;
	await engine.ok('run', '-d', '--name', box, busybox, 'sh', '-c', swap);
	for (let i = 0; i < 15; i++) {
		const out = await engine.inside(
			'sh',
			'-c',
			`docker cp ${box}:/a - | tar -xO 2>/dev/null; docker cp ${box}:/a/real/d/secret - 2>/dev/null`,
		);
		expect(out.stdout).not.toContain('of the host');
		await engine.docker('cp', join(here, 'file'), `${box}:/a/real/d/planted`);
	}
	expect(existsSync(join(here, 'planted'))).toBe(false);
	await engine.ok('rm', '-f', box);
});

test('the header says what is there', async () => {
	const box = await created();
	await put(
		box,
		'path=/',
		tarOf(
			{ name: 'sticky/', type: 'directory', mode: 0o1755, mtime: 1_000_000_000n * 1_000_000_000n },
			{ name: 'ln', type: 'symlink', linkName: 'etc/../sticky' },
		),
	);
	const stat = async (path: string) => {
		const response = await fetch(`http://localhost/v1.41/containers/${box}/archive?path=${path}`, {
			method: 'HEAD',
			unix: engine.socket,
		});
		return JSON.parse(Buffer.from(response.headers.get('x-docker-container-path-stat') ?? '', 'base64').toString());
	};
	expect(await stat('/sticky')).toMatchObject({
		name: 'sticky',
		mode: 2 ** 31 + 2 ** 20 + 0o755,
		mtime: '2001-09-09T01:46:40Z',
		linkTarget: '',
	});
	expect(await stat('/ln')).toMatchObject({ name: 'ln', mode: 2 ** 27 + 0o777, linkTarget: '/sticky' });
	expect(await stat('/ln/')).toMatchObject({ name: 'ln', mode: 2 ** 31 + 2 ** 20 + 0o755 });
	expect(await stat('/sticky/.')).toMatchObject({ name: '.' });
});
