import { expect, test } from 'bun:test';
import { linkEnvironment, linkHostsLine } from './link-environment.ts';

const db = {
	id: 'ab',
	name: 'db-1',
	alias: 'my-db',
	hostname: 'abcdef',
	address: '172.17.0.3',
	env: ['FOO=bar', 'PATH=/bin', 'HOME=/', 'BARE', 'A=b=c'],
	exposedPorts: [] as string[],
};

test('name and environment, without what every container has', () => {
	expect(linkEnvironment('web', db)).toEqual(['MY_DB_NAME=/web/my-db', 'MY_DB_ENV_FOO=bar', 'MY_DB_ENV_A=b=c']);
});

test('the lowest port is the port; tcp comes first', () => {
	const told = linkEnvironment('web', { ...db, env: [], exposedPorts: ['80/udp', '80/tcp', '53/udp'] });
	expect(told[0]).toBe('MY_DB_PORT=udp://172.17.0.3:53');
	expect(told.filter((entry) => /^MY_DB_PORT_\d+_[A-Z]+=/.test(entry))).toEqual([
		'MY_DB_PORT_53_UDP=udp://172.17.0.3:53',
		'MY_DB_PORT_80_TCP=tcp://172.17.0.3:80',
		'MY_DB_PORT_80_UDP=udp://172.17.0.3:80',
	]);
	expect(told).toContain('MY_DB_PORT_80_TCP_PROTO=tcp');
});

test('three ports in a row are a range', () => {
	const exposedPorts = ['9000/tcp', '80/tcp', '81/tcp', '82/tcp', '9001/tcp'];
	const told = linkEnvironment('web', { ...db, env: [], exposedPorts });
	expect(told.filter((entry) => /START|END/.test(entry))).toEqual([
		'MY_DB_PORT_80_TCP_START=tcp://172.17.0.3:80',
		'MY_DB_PORT_80_TCP_PORT_START=80',
		'MY_DB_PORT_82_TCP_END=tcp://172.17.0.3:82',
		'MY_DB_PORT_82_TCP_PORT_END=82',
	]);
});

test('the line of the hosts file names no name twice', () => {
	expect(linkHostsLine(db)).toBe('172.17.0.3\tmy-db abcdef db-1');
	expect(linkHostsLine({ ...db, alias: 'db-1' })).toBe('172.17.0.3\tdb-1 abcdef');
});
