import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { busyboxRootfs, type TarEntry } from '../support/image-builder.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const create = async (HostConfig: object, version = '') => {
	const answer = await engine.api('POST', `${version}/containers/create`, {
		Image: busybox,
		Cmd: ['true'],
		HostConfig,
	});
	const { Id, message } = JSON.parse(answer.text);
	if (Id !== undefined) await engine.ok('rm', '-v', Id);
	return { status: answer.status, message: message ?? 'made' };
};

const bad = (message: string) => ({ status: 400, message });

test('Mounts are checked in dockerd’s words', async () => {
	const mount = (one: object) => create({ Mounts: [one] });
	const invalid = (type: string, why: string) => bad(`invalid mount config for type "${type}": ${why}`);
	const absolute = (path: string) => `invalid mount path: '${path}' mount path must be absolute`;
	const root = `invalid specification: destination can't be '/'`;
	expect(await mount({ Type: 'bind' })).toEqual(invalid('bind', 'field Target must not be empty'));
	expect(await mount({ Type: 'bind', Target: '/a' })).toEqual(invalid('bind', 'field Source must not be empty'));
	expect(await mount({ Type: 'bind', Target: 'a', Source: '/tmp' })).toEqual(invalid('bind', absolute('a')));
	expect(await mount({ Type: 'bind', Target: '/a', Source: 'tmp' })).toEqual(invalid('bind', absolute('tmp')));
	expect(await mount({ Type: 'bind', Target: '/', Source: '/tmp' })).toEqual(invalid('bind', root));
	expect(await mount({ Type: 'bind', Target: '/a/..', Source: '/tmp' })).toEqual(invalid('bind', root));
	expect(await mount({ Type: 'bind', Target: '/a', Source: '/nope-xyz' })).toEqual(
		invalid('bind', 'bind source path does not exist: /nope-xyz'),
	);
	expect(await mount({ Type: 'bind', Target: '/a', Source: '/tmp', VolumeOptions: {} })).toEqual(
		invalid('bind', 'field VolumeOptions must not be specified'),
	);
	expect(await mount({ Type: 'bind', Target: '/a', Source: '/tmp', BindOptions: { Propagation: 'foo' } })).toEqual(
		invalid('bind', 'invalid propagation mode: foo'),
	);
	expect(await mount({ Type: 'volume', Target: '/a', Source: 'vol', BindOptions: {} })).toEqual(
		invalid('volume', 'field BindOptions must not be specified'),
	);
	expect(await mount({ Type: 'volume', Target: '/a', ReadOnly: true })).toEqual(
		invalid('volume', 'must not set ReadOnly mode when using anonymous volumes'),
	);
	expect((await mount({ Type: 'volume', Target: '/a', Source: '/vol' })).message).toContain(
		'create /vol: "/vol" includes invalid characters for a local volume name',
	);
	const driver = (DriverConfig: object) =>
		mount({ Type: 'volume', Target: '/a', Source: 'made', VolumeOptions: { DriverConfig } });
	expect((await driver({ Name: 'nope' })).message).toBe(
		'create made: error looking up volume plugin nope: plugin "nope" not found',
	);
	expect(await driver({ Options: { foo: 'bar' } })).toEqual(bad('create made: invalid option: "foo"'));
	expect(await mount({ Type: 'tmpfs', Target: '/a', Source: 'x' })).toEqual(
		invalid('tmpfs', 'field Source must not be specified'),
	);
	for (const type of ['npipe', 'cluster', 'weird', '']) {
		expect(await mount({ Type: type, Target: '/a', Source: 'x' })).toEqual(invalid(type, 'mount type unknown'));
	}
	expect(
		(
			await create({
				Mounts: [
					{ Type: 'tmpfs', Target: '/a' },
					{ Type: 'tmpfs', Target: '/a/' },
				],
			})
		).message,
	).toMatch(/^Duplicate mount point: \/a\/?$/);
	expect(await engine.ok('volume', 'ls', '-q')).toBe('');
});

test('Binds are checked in dockerd’s words', async () => {
	const bind = (spec: string) => create({ Binds: [spec] });
	const spec = (text: string, why = '') => bad(`invalid volume specification: '${text}'${why}`);
	// An older dockerd took the empty one for a mistake of its own.
	for (const text of ['', ':/a', '/a:', '/a:/b:ro:rw']) expect((await bind(text)).message).toBe(spec(text).message);
	const because = (type: string, why: string) => `: invalid mount config for type "${type}": ${why}`;
	expect(await bind('/a:b')).toEqual(
		spec('/a:b', because('bind', "invalid mount path: 'b' mount path must be absolute")),
	);
	for (const text of ['/a:/', '/a:/b/../..']) {
		expect(await bind(text)).toEqual(spec(text, because('bind', `invalid specification: destination can't be '/'`)));
	}
	expect(await bind('/a:/b:nocopy')).toEqual(
		spec('/a:/b:nocopy', because('bind', 'field VolumeOptions must not be specified')),
	);
	expect(await bind('vv:/b:rshared')).toEqual(
		spec('vv:/b:rshared', because('volume', 'field BindOptions must not be specified')),
	);
	for (const mode of ['foo', 'ro,rw', 'ro,ro', 'z,Z', 'rshared,rslave', 'cached,delegated', 'constructor']) {
		expect(await bind(`/tmp:/b:${mode}`)).toEqual(bad(`invalid mode: ${mode}`));
	}
	expect((await bind('../x:/b')).message).toContain('create ../x: "../x" includes invalid characters');
	for (const mode of ['ro,z', 'cached', 'rw,Z,delegated,rprivate']) {
		expect(await bind(`/usr:/b:${mode}`)).toEqual({ status: 201, message: 'made' });
	}
	expect(await create({ Binds: ['/usr:/a'], Tmpfs: { '/a': '' } })).toEqual(bad('Duplicate mount point: /a'));
	expect(await create({ VolumeDriver: 'nope', Binds: ['named:/b'] })).toEqual({
		status: 404,
		message: 'create named: error looking up volume plugin nope: plugin "nope" not found',
	});
	expect(await create({ Tmpfs: { '/': '' } })).toEqual(bad(`invalid specification: destination can't be '/'`));
	expect(await create({ Tmpfs: { a: '' } })).toEqual(bad(`invalid mount path: 'a' mount path must be absolute`));
	expect(await engine.ok('volume', 'ls', '-q')).toBe('');
});

test('VolumesFrom: whose, how, and what it is worth beside mounts of one’s own', async () => {
	expect(await create({ VolumesFrom: [''] })).toEqual(bad('volumes-from specification cannot be an empty string'));
	expect(await create({ VolumesFrom: ['nosuch'] })).toEqual(bad('No such container: nosuch'));
	for (const mode of ['rx', 'nocopy', 'rslave']) {
		expect(await create({ VolumesFrom: [`nosuch:${mode}`] })).toEqual(bad(`invalid mode: ${mode}`));
	}
	const folder = `${engine.work}/own`;
	mkdirSync(folder);
	writeFileSync(`${folder}/mine`, '');
	await engine.ok(
		'create',
		'--name',
		'from',
		'-v',
		'/anonymous',
		'-v',
		'shared:/shared:nocopy',
		'-v',
		'/usr:/host:ro',
		busybox,
	);
	const look = 'touch /anonymous/x; touch /shared/y; ls /shared; ls -d /host/bin; touch /host/z';
	const seen = await engine.docker('run', '--volumes-from', 'from', '--name', 'to', busybox, 'sh', '-c', look);
	expect(seen.stdout).toBe('y\n/host/bin\n');
	expect(seen.stderr).toContain('Read-only file system');
	const mountOf = async (name: string, path: string) =>
		JSON.parse(await engine.ok('inspect', name))[0].Mounts.find(
			(one: { Destination: string }) => one.Destination === path,
		);
	expect(await mountOf('to', '/shared')).toMatchObject({ Type: 'volume', Name: 'shared', RW: true, Mode: '' });
	const readOnly = await engine.docker('run', '--rm', '--volumes-from', 'from:ro', busybox, 'touch', '/shared/no');
	expect(readOnly.stderr).toContain('Read-only file system');
	const own = ['-v', `${folder}:/shared`, '--volumes-from', 'from'];
	expect(await engine.ok('run', '--rm', ...own, busybox, 'ls', '/shared')).toBe('mine');
	// The anonymous one stays as long as a container has it.
	const { Name } = await mountOf('from', '/anonymous');
	await engine.ok('rm', '-v', 'from');
	expect(await engine.ok('volume', 'ls', '-q', '--filter', `name=${Name}`)).toBe(Name);
	await engine.ok('rm', '-v', 'to');
	expect(await engine.ok('volume', 'ls', '-q')).toBe('shared');
	await engine.ok('volume', 'rm', 'shared');
});

test('inspect shows mounts where they were asked for', async () => {
	await engine.ok(
		...['create', '--name', 'shown', '--tmpfs', '/a:size=1m', '--mount', 'type=tmpfs,target=/b,tmpfs-size=1m'],
		...['-v', '/usr:/c:ro', '-v', 'named:/d:nocopy', '-v', '/e', '--mount', 'type=volume,src=other,dst=/f', busybox],
	);
	const [{ Mounts, HostConfig }] = JSON.parse(await engine.ok('inspect', 'shown'));
	const found = Object.fromEntries(
		Mounts.map((one: { Destination: string; Type: string; Mode: string }) => [
			one.Destination,
			`${one.Type} ${one.Mode}`,
		]),
	);
	expect(found).toEqual({ '/b': 'tmpfs ', '/c': 'bind ro', '/d': 'volume nocopy', '/e': 'volume ', '/f': 'volume z' });
	expect(HostConfig.Binds.sort()).toEqual(['/usr:/c:ro', 'named:/d:nocopy']);
	expect(HostConfig.Tmpfs).toEqual({ '/a': 'size=1m' });
	expect(HostConfig.Mounts).toEqual([
		{ Type: 'tmpfs', Target: '/b', TmpfsOptions: { SizeBytes: 1_048_576 } },
		{ Type: 'volume', Source: 'other', Target: '/f' },
	]);
	await engine.ok('rm', '-v', 'shown');
	await engine.ok('volume', 'rm', 'named', 'other');
});

test('tmpfs options', async () => {
	const options = async (...flags: string[]) =>
		(await engine.ok('run', '--rm', ...flags, busybox, 'grep', ' /a ', '/proc/mounts')).split(' ')[3]?.split(',') ?? [];
	const raw = await options('--tmpfs', '/a:size=1m,exec,uid=5,mode=700');
	expect(raw).toEqual(expect.arrayContaining(['rw', 'nosuid', 'nodev', 'size=1024k', 'mode=700', 'uid=5']));
	expect(raw).not.toContain('noexec');
	const mount = await options('--mount', 'type=tmpfs,target=/a,tmpfs-size=1m,tmpfs-mode=700,readonly');
	expect(mount).toEqual(expect.arrayContaining(['ro', 'noexec', 'size=1024k', 'mode=700']));
	const refused = await engine.docker('run', '--rm', '--tmpfs', '/a:foo', busybox, 'true');
	expect(refused.stderr).toContain('invalid tmpfs option ["foo"]');
});

test.if(engineKind === 'gantry')(
	'a read-only bind is so with what is mounted below it, unless it is asked not to be',
	async () => {
		const folder = `${engine.work}/deep`;
		mkdirSync(`${folder}/below`, { recursive: true });
		await engine.inside('mount', '-t', 'tmpfs', 'tmpfs', `${folder}/below`);
		try {
			const touch = async (flags: string) =>
				(await engine.docker('run', '--rm', ...flags.split(' '), busybox, 'touch', '/x/below/f')).code;
			const mount = `--mount type=bind,src=${folder},dst=/x,readonly`;
			expect(await touch(`-v ${folder}:/x`)).toBe(0);
			expect(await touch(`-v ${folder}:/x:ro`)).toBe(1);
			expect(await touch(mount)).toBe(1);
			expect(await touch(`${mount},bind-recursive=writable`)).toBe(0);
			expect(await touch(`${mount},bind-recursive=readonly,bind-propagation=rprivate`)).toBe(1);
			expect(
				await engine.ok(
					'run',
					'--rm',
					'--mount',
					`type=bind,src=${folder},dst=/x,bind-recursive=disabled`,
					busybox,
					'ls',
					'/x/below',
				),
			).toBe('');
			// Before API 1.44 a read-only mount was so by itself alone.
			const old = { Type: 'bind', Source: folder, Target: '/x', ReadOnly: true };
			const body = { Image: busybox, Cmd: ['touch', '/x/below/f'], HostConfig: { Mounts: [old] } };
			const { Id } = JSON.parse((await engine.api('POST', '/v1.43/containers/create', body)).text);
			expect((await engine.docker('start', '-a', Id)).code).toBe(0);
			await engine.ok('rm', Id);
		} finally {
			await engine.inside('umount', `${folder}/below`);
		}
	},
);

test('a bind that cannot spread as asked is refused at the start', async () => {
	const folder = `${engine.work}/private`;
	mkdirSync(folder);
	await engine.inside('mount', '--bind', folder, folder);
	await engine.inside('mount', '--make-private', folder);
	try {
		const refused = await engine.docker('run', '--rm', '-v', `${folder}:/x:rshared`, busybox, 'true');
		expect(refused.stderr).toContain(`path ${folder} is mounted on ${folder} but it is not a shared mount`);
		const slave = await engine.docker('run', '--rm', '-v', `${folder}:/x:rslave`, busybox, 'true');
		expect(slave.stderr).toContain(`path ${folder} is mounted on ${folder} but it is not a shared or slave mount`);
		await engine.inside('mount', '--make-shared', folder);
		await engine.ok('run', '--rm', '-v', `${folder}:/x:rshared`, busybox, 'true');
	} finally {
		await engine.inside('umount', folder);
	}
});

test.if(engineKind === 'gantry')('a part of a volume, and no way out of it', async () => {
	await engine.ok(
		'run',
		'--rm',
		'-v',
		'parts:/v',
		busybox,
		'sh',
		'-c',
		'mkdir -p /v/a/b; echo in > /v/a/b/file; ln -s /etc /v/out; ln -s ../../../../.. /v/up; ln -s a/b /v/short',
	);
	const mount = (subpath: string) => `type=volume,src=parts,dst=/x,volume-subpath=${subpath}`;
	const list = async (subpath: string) =>
		engine.docker('run', '--rm', '--mount', mount(subpath), busybox, 'sh', '-c', 'cat /x || cat /x/file; ls /x');
	expect((await list('a/b')).stdout).toBe('in\nfile\n');
	expect((await list('a/b/file')).stdout).toBe('in\n/x\n');
	expect((await list('short')).stdout).toBe('in\nfile\n');
	// The root of all that it can reach is the volume's.
	expect((await list('up')).stdout.trim().split('\n')).toEqual(['a', 'out', 'short', 'up']);
	for (const subpath of ['out', 'up/etc', 'nosuch']) {
		expect((await list(subpath)).stderr).toContain('cannot access path');
	}
	expect((await list('../x')).stderr).toContain('subpath must be a relative path within the volume');
	expect((await list('/etc')).stderr).toContain('subpath must be a relative path within the volume');
	const anonymous = { Type: 'volume', Target: '/x', VolumeOptions: { Subpath: 'a' } };
	expect(await create({ Mounts: [anonymous] })).toEqual(
		bad('invalid mount config for type "volume": must not set Subpath when using anonymous volumes'),
	);
	// Over a daemon's death, and in a copy.
	await engine.ok('run', '-d', '--name', 'part', '--mount', mount('a/b'), busybox, 'sleep', '600');
	await engine.kill9();
	await engine.start();
	expect(await engine.ok('exec', 'part', 'cat', '/x/file')).toBe('in');
	await engine.ok('rm', '-f', 'part');
	await engine.ok('create', '--name', 'part', '--mount', mount('a/b'), busybox);
	await engine.ok('cp', 'part:/x/file', `${engine.work}/copied`);
	expect(readFileSync(`${engine.work}/copied`, 'utf8')).toBe('in\n');
	await engine.ok('rm', 'part');
	await engine.ok('volume', 'rm', 'parts');
});

test.if(engineKind === 'gantry')(
	'an image, or a part of it, is mounted read-only and stays while it is mounted',
	async () => {
		await importImage('content', [
			{ name: 'data/', mode: 0o755 },
			{ name: 'data/file', content: 'of the image\n' },
			{ name: 'link', type: 'symlink', linkName: engine.work },
		]);
		const whole = 'type=image,src=content,dst=/x';
		expect(await engine.ok('run', '--rm', '--mount', whole, busybox, 'cat', '/x/data/file')).toBe('of the image');
		expect(await engine.ok('run', '--rm', '--mount', `${whole},image-subpath=data`, busybox, 'cat', '/x/file')).toBe(
			'of the image',
		);
		expect((await engine.docker('run', '--rm', '--mount', `${whole},image-subpath=link`, busybox)).stderr).toContain(
			'cannot access path',
		);
		const written = await engine.docker('run', '--rm', '--mount', whole, busybox, 'touch', '/x/data/new');
		expect(written.stderr).toContain('Read-only file system');
		await engine.ok('run', '-d', '--name', 'holds', '--mount', whole, busybox, 'sleep', '600');
		const [{ Mounts }] = JSON.parse(await engine.ok('inspect', 'holds'));
		expect(Mounts).toMatchObject([{ Type: 'image', Name: 'content', Destination: '/x', RW: false }]);
		await engine.kill9();
		await engine.start();
		expect(await engine.ok('exec', 'holds', 'cat', '/x/data/file')).toBe('of the image');
		expect((await engine.docker('rmi', 'content')).code).toBe(1);
		await engine.ok('cp', 'holds:/x/data/file', `${engine.work}/from-image`);
		expect(await engine.ok('exec', 'holds', 'cat', '/x/data/file')).toBe('of the image');
		await engine.ok('rm', '-f', 'holds');
		await engine.ok('rmi', 'content');
		const missing = await create({ Mounts: [{ Type: 'image', Source: 'nosuch', Target: '/x' }] });
		expect(missing.status).toBe(404);
		expect(await create({ Mounts: [{ Type: 'image', Target: '/x' }] })).toEqual(
			bad('invalid mount config for type "image": field Source must not be empty'),
		);
	},
);

test('targets inside /proc are refused; others may cover what is there', async () => {
	for (const target of ['/proc', '/proc/self', '/proc/1/x', '/a/../proc']) {
		expect((await engine.docker('run', '--rm', '-v', `/usr:${target}`, busybox, 'true')).code).not.toBe(0);
	}
	expect(await engine.ok('run', '--rm', '-v', '/usr:/a/../../x', busybox, 'ls', '-d', '/x/bin')).toBe('/x/bin');
	expect((await engine.docker('run', '--rm', '-v', '/usr:/sys', busybox, 'ls', '-d', '/sys/bin')).stdout).toBe(
		'/sys/bin\n',
	);
});

test('a symlink of the image at a target stays in the image', async () => {
	const outside = `${engine.work}/target`;
	mkdirSync(outside);
	await importImage('linked', [
		{ name: 'inner/' },
		{ name: 'out', type: 'symlink', linkName: outside },
		{ name: 'in', type: 'symlink', linkName: '/inner' },
	]);
	const source = `${engine.work}/source`;
	mkdirSync(source);
	writeFileSync(`${source}/file`, '');
	symlinkSync(source, `${engine.work}/by-link`);
	expect(await engine.ok('run', '--rm', '-v', `${engine.work}/by-link:/in`, 'linked', 'ls', '/inner')).toBe('file');
	await engine.docker('run', '--rm', '-v', `${source}:/out`, 'linked', 'touch', '/out/new');
	expect(readdirSync(outside)).toEqual([]);
	await engine.ok('rmi', 'linked');
});

test('copy-up keeps owners, modes, hard links and attributes, for named and anonymous volumes, and not into what has content', async () => {
	await importImage('rich', [
		{ name: 'srv/', mode: 0o1750, uid: 5, gid: 6 },
		{ name: 'srv/one', mode: 0o4755, uid: 12, gid: 34, content: 'x' },
		{ name: 'srv/two', type: 'hardlink', linkName: 'srv/one', mode: 0o4755, uid: 12, gid: 34 },
		{ name: 'srv/link', type: 'symlink', linkName: '/etc/passwd' },
	]);
	const look = ['stat', '-c', '%n %u:%g %a %h', '/srv', '/srv/one', '/srv/two'];
	const expected = '/srv 5:6 1750 2\n/srv/one 12:34 4755 2\n/srv/two 12:34 4755 2';
	for (const volume of ['/srv', 'rich:/srv']) {
		expect(await engine.ok('run', '--rm', '-v', volume, 'rich', ...look)).toBe(expected);
	}
	expect(await engine.ok('run', '--rm', '-v', 'rich:/etc', 'rich', 'ls', '/etc')).not.toContain('passwd');
	await engine.ok('volume', 'rm', 'rich');
	await engine.ok('rmi', 'rich');
});

test('--rm and rm -v spare volumes that have a name, also a made-up one that was given', async () => {
	const made = await engine.ok('volume', 'create');
	await engine.ok('run', '--rm', '-v', `${made}:/x`, '-v', '/y', busybox, 'true');
	expect(await engine.ok('volume', 'ls', '-q')).toBe(made);
	await engine.ok('volume', 'rm', made);
	expect(existsSync(`${engine.root}/data/volumes/${made}`)).toBe(false);
});

async function importImage(name: string, entries: readonly TarEntry[]): Promise<void> {
	const path = `${engine.work}/${name}.tar`;
	writeFileSync(path, busyboxRootfs(entries));
	await engine.ok('import', path, name);
}
