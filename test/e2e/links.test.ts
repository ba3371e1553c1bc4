import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const addressOf = (name: string) => engine.ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', name);
const idOf = async (name: string) => (await engine.ok('inspect', '-f', '{{.Id}}', name)).slice(0, 12);
/** The lines of the hosts file that are told of links, and its own. */
const hostsOf = async (name: string) =>
	(await engine.ok('exec', name, 'cat', '/etc/hosts')).split('\n').filter((line) => line.startsWith('172.'));
const linksOf = async (name: string): Promise<string[]> =>
	(JSON.parse(await engine.ok('inspect', '-f', '{{json .HostConfig.Links}}', name)) ?? []).sort();

const runDb = () =>
	engine.ok(
		...['run', '-d', '--name', 'db-1', '-e', 'FOO=bar', '-e', 'A_B=c=d', '--expose', '5432', '--expose', '53/udp'],
		...[busybox, 'sleep', '600'],
	);

test('a linked container learns address, ports and environment', async () => {
	await runDb();
	const [address, id] = [await addressOf('db-1'), await idOf('db-1')];
	const shown = await engine.ok(
		...['run', '--rm', '--name', 'web', '-e', 'MY_DB_ENV_FOO=own', '--link', 'db-1:my-db', '--link', 'db-1', busybox],
		...[
			'sh',
			'-c',
			'env | grep -v -E "^(HOME|HOSTNAME|PATH|PWD|SHLVL)=" | sort; ping -c1 -W2 my-db >/dev/null && echo answers',
		],
	);
	const of = (alias: string, name: string) => [
		`${alias}_ENV_A_B=c=d`,
		`${alias}_ENV_FOO=${alias === 'MY_DB' ? 'own' : 'bar'}`,
		`${alias}_NAME=/web/${name}`,
		`${alias}_PORT=udp://${address}:53`,
		`${alias}_PORT_5432_TCP=tcp://${address}:5432`,
		`${alias}_PORT_5432_TCP_ADDR=${address}`,
		`${alias}_PORT_5432_TCP_PORT=5432`,
		`${alias}_PORT_5432_TCP_PROTO=tcp`,
		`${alias}_PORT_53_UDP=udp://${address}:53`,
		`${alias}_PORT_53_UDP_ADDR=${address}`,
		`${alias}_PORT_53_UDP_PORT=53`,
		`${alias}_PORT_53_UDP_PROTO=udp`,
	];
	expect(shown.split('\n').sort()).toEqual([...of('DB_1', 'db-1'), ...of('MY_DB', 'my-db'), 'answers'].sort());
	const hosts = await engine.ok('run', '--rm', '--link', 'db-1:my-db', '--link', 'db-1', busybox, 'cat', '/etc/hosts');
	expect(
		hosts
			.split('\n')
			.filter((line) => line.startsWith(`${address}\t`))
			.sort(),
	).toEqual([`${address}\tdb-1 ${id}`, `${address}\tmy-db ${id} db-1`]);
	await engine.ok('rm', '-f', 'db-1');
});

test('names, inspect, renames, a new address, and the end of a link', async () => {
	await runDb();
	await engine.ok('run', '-d', '--name', 'web', '--link', 'db-1:db', '--link', 'db-1', busybox, 'sleep', '600');
	expect(await linksOf('web')).toEqual(['/db-1:/web/db', '/db-1:/web/db-1']);
	const names = async (...flags: string[]) =>
		(await engine.ok('ps', '--format', '{{.Names}}', ...flags)).split('\n').sort();
	expect(await names()).toEqual(['db-1', 'web']);
	expect(await names('--no-trunc')).toEqual(['db-1,web/db,web/db-1', 'web']);
	const [first, id] = [await addressOf('db-1'), await idOf('db-1')];
	// Another one takes its address meanwhile.
	await engine.ok('stop', '-t', '0', 'db-1');
	await engine.ok('run', '-d', '--name', 'other', busybox, 'sleep', '600');
	await engine.ok('start', 'db-1');
	const second = await addressOf('db-1');
	if (second === first) throw new Error('the address is still the same: this shows nothing');
	const own = `${await addressOf('web')}\t${await idOf('web')}`;
	expect((await hostsOf('web')).sort()).toEqual([`${second}\tdb-1 ${id}`, `${second}\tdb ${id} db-1`, own].sort());
	await engine.ok('rename', 'db-1', 'renamed');
	expect(await linksOf('web')).toEqual(['/renamed:/web/db', '/renamed:/web/db-1']);
	expect(await engine.ok('rm', '--link', 'web/db')).toBe('web/db');
	expect(await linksOf('web')).toEqual(['/renamed:/web/db-1']);
	expect((await hostsOf('web')).filter((line) => line.includes('\tdb '))).toEqual([]);
	expect((await engine.docker('rm', '--link', '/web/nope')).stderr).toContain('No such container: web/nope');
	expect((await engine.docker('rm', '--link', 'web')).stderr).toContain(
		'cannot remove the default link name of the container',
	);
	await engine.ok('stop', '-t', '0', 'renamed');
	const refused = await engine.docker('restart', '-t', '0', 'web');
	expect(refused.stderr).toContain('Cannot link to a non running container: /renamed AS /web/db-1');
	await engine.ok('rm', 'renamed');
	if (engineKind === 'gantry') {
		// Without the other there is no link; an old dockerd goes on showing it.
		expect(await linksOf('web')).toEqual([]);
		await engine.ok('start', 'web');
	}
	await engine.ok('rm', '-f', 'web', 'other');
});

test('what cannot be linked', async () => {
	const create = async (Links: string[], NetworkMode = 'default') => {
		const body = { Image: busybox, Cmd: ['true'], HostConfig: { Links, NetworkMode } };
		const answer = await engine.api('POST', '/containers/create?name=parent', body);
		const { Id, message } = JSON.parse(answer.text);
		if (Id !== undefined) await engine.ok('rm', Id);
		return message ?? 'made';
	};
	expect(await create(['nosuch:a'])).toBe('could not get container for nosuch: No such container: nosuch');
	expect(await create(['parent:self'])).toBe('could not get container for parent: No such container: parent');
	expect(await create([':a'])).toMatch(/^could not get container for : invalid name or ID supplied: ""/);
	expect(await create([''])).toBe('empty string specified for links');
	expect(await create(['a:b:c'])).toBe('bad format for links: a:b:c');
	const undefinedBehavior = (what: string) =>
		`conflicting options: ${what} can't be used with links. This would result in undefined behavior`;
	expect(await create(['x:a'], 'host')).toBe(undefinedBehavior('host type networking'));
	expect(await create(['x:a'], 'container:x')).toBe(undefinedBehavior('container type network'));
	await engine.ok('create', '--name', 'on-host', '--network', 'host', busybox);
	expect(await create(['on-host:a'])).toBe(undefinedBehavior('host type networking'));
	await engine.ok('create', '--name', 'idle', busybox);
	expect(await create(['idle:a', 'idle:a'])).toBe('made');
	const late = await engine.docker('run', '--rm', '--name', 'parent', '--link', 'idle:a', busybox, 'true');
	expect(late.stderr).toContain('Cannot link to a non running container: /idle AS /parent/a');
	await engine.ok('rm', 'on-host', 'idle');
});

test.if(engineKind === 'gantry')('links outlive the daemon', async () => {
	await runDb();
	await engine.ok('run', '-d', '--name', 'web', '--link', 'db-1:db', busybox, 'sleep', '600');
	await engine.kill9();
	await engine.start();
	expect(await linksOf('web')).toEqual(['/db-1:/web/db']);
	await engine.ok('restart', '-t', '0', 'db-1');
	expect(await engine.ok('exec', 'web', 'ping', '-c1', '-W2', 'db')).toContain('1 packets received');
	await engine.ok('rm', '-f', 'web', 'db-1');
});
