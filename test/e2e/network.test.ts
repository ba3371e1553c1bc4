import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { runSync } from '../support/run.ts';

let engine: TestEngine;
let neighbour: string;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
	// A neighbour on a link of its own: what the host looks like from outside.
	neighbour = `${engine.netns}-n`;
	for (const command of [
		`ip netns add ${neighbour}`,
		`ip link add outside type veth peer name eth0 netns ${neighbour}`,
		'ip addr add 198.51.100.7/24 dev outside',
		'ip link set outside up',
		`ip -n ${neighbour} addr add 198.51.100.9/24 dev eth0`,
		`ip -n ${neighbour} link set eth0 up`,
	]) {
		const result = await engine.inside(...command.split(' '));
		if (result.code !== 0) throw new Error(`${command}: ${result.stderr}`);
	}
});
afterAll(async () => {
	runSync('ip', 'netns', 'del', neighbour);
	await engine.close();
});

const serve = 'mkdir -p /www; echo "page of $(hostname)" >/www/index.html; exec httpd -f -p 80 -h /www';
const web = (name: string, ...flags: string[]) =>
	engine.ok('run', '-d', '--name', name, '--hostname', name, ...flags, busybox, 'sh', '-c', serve);
/** Fetches with retries of the connection: the server in the container may still be starting. */
const fetchInside = async (url: string) =>
	(
		await engine.inside(
			'curl',
			'-sS',
			'--noproxy',
			'*',
			'--max-time',
			'10',
			'--retry',
			'40',
			'--retry-delay',
			'0',
			'--retry-max-time',
			'10',
			'--retry-all-errors',
			url,
		)
	).stdout;
const remove = (...names: string[]) => engine.ok('rm', '-f', ...names);

test('a published port answers on loopback, on another address, and from another container', async () => {
	await web('web1', '-p', '8080:80');
	expect(await fetchInside('http://127.0.0.1:8080/')).toBe('page of web1\n');
	expect(await fetchInside('http://198.51.100.7:8080/')).toBe('page of web1\n');
	const fromOutside = runSync(
		'nsenter',
		`--net=/run/netns/${neighbour}`,
		'curl',
		'-sS',
		'--noproxy',
		'*',
		'--max-time',
		'5',
		'http://198.51.100.7:8080/',
	);
	expect(fromOutside.stdout).toBe('page of web1\n');
	const gateway = await engine.ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.Gateway}}', 'web1');
	const other = await engine.docker('run', '--rm', busybox, 'wget', '-qO-', `http://${gateway}:8080/`);
	expect(other.stdout).toBe('page of web1\n');
	expect(await engine.ok('port', 'web1')).toContain('80/tcp -> 0.0.0.0:8080');
	expect(await engine.ok('ps', '--format', '{{.Ports}}')).toContain('0.0.0.0:8080->80/tcp');
	await remove('web1');
	expect((await engine.inside('curl', '-s', '--max-time', '2', 'http://127.0.0.1:8080/')).code).not.toBe(0);
});

test('containers reach each other by address; the container sees its own port', async () => {
	await web('web2', '-p', '8081:80');
	const address = await engine.ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', 'web2');
	expect(await fetchInside(`http://${address}/`)).toBe('page of web2\n');
	expect((await engine.docker('run', '--rm', busybox, 'wget', '-qO-', `http://${address}/`)).stdout).toBe(
		'page of web2\n',
	);
	await remove('web2');
});

test('-p with an address, without a host port, and -P', async () => {
	await web('web3', '-p', '127.0.0.1:8082:80', '-p', '80');
	expect(await fetchInside('http://127.0.0.1:8082/')).toBe('page of web3\n');
	expect((await engine.inside('curl', '-s', '--max-time', '2', 'http://198.51.100.7:8082/')).code).not.toBe(0);
	const port = /0\.0\.0\.0:(\d+)/.exec(await engine.ok('port', 'web3', '80'))?.[1];
	expect(await fetchInside(`http://127.0.0.1:${port}/`)).toBe('page of web3\n');
	await remove('web3');
	await web('web4', '--expose', '80', '-P');
	const any = /0\.0\.0\.0:(\d+)/.exec(await engine.ok('port', 'web4', '80'))?.[1];
	expect(Number(any)).toBeGreaterThan(1024);
	expect(await fetchInside(`http://127.0.0.1:${any}/`)).toBe('page of web4\n');
	await remove('web4');
});

test('udp', async () => {
	await engine.ok(
		'run',
		'-d',
		'--name',
		'udp',
		'-p',
		'5300:53/udp',
		busybox,
		'sh',
		'-c',
		'while true; do echo pong | nc -u -l -p 53 -w 1; done',
	);
	expect(await engine.ok('port', 'udp')).toContain('53/udp -> 0.0.0.0:5300');
	await remove('udp');
});

test('a port that is taken: 125, and nothing half made', async () => {
	await web('first', '-p', '8090:80');
	const second = await engine.docker('run', '-d', '--name', 'second', '-p', '8090:80', busybox, 'sleep', '60');
	expect(second.code).toBe(125);
	expect(second.stderr).toMatch(/port is already allocated|address already in use/);
	expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'second')).toBe('created');
	await remove('first');
	await engine.ok('start', 'second');
	await remove('second');
});

test('the same port on another protocol or address is free', async () => {
	await web('tcp', '-p', '127.0.0.1:8091:80');
	await engine.ok(
		'run',
		'-d',
		'--name',
		'other',
		'-p',
		'198.51.100.7:8091:80',
		'-p',
		'8091:80/udp',
		busybox,
		'sleep',
		'60',
	);
	await remove('tcp', 'other');
});

test('--network container: shares the stack', async () => {
	await web('stack');
	const joined = await engine.docker(
		'run',
		'--rm',
		'--network',
		'container:stack',
		busybox,
		'sh',
		'-c',
		'hostname; wget -qO- http://127.0.0.1/',
	);
	expect(joined.stdout).toBe('stack\npage of stack\n');
	await remove('stack');
});

test('addresses are unique and freed', async () => {
	const names = ['a1', 'a2', 'a3'];
	for (const name of names) await engine.ok('run', '-d', '--name', name, busybox, 'sleep', '60');
	const addresses = await engine.ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', ...names);
	expect(new Set(addresses.split('\n')).size).toBe(3);
	expect(addresses).toMatch(/^(\d+\.){3}\d+\n(\d+\.){3}\d+\n(\d+\.){3}\d+$/);
	await remove(...names);
	expect(await engine.leftovers()).toEqual([]);
});

test('--add-host, --dns and resolv.conf', async () => {
	const flags = ['--add-host', 'db:10.0.0.5', '--dns', '10.9.8.7', '--dns-search', 'example.test'];
	const result = await engine.docker(
		'run',
		'--rm',
		...flags,
		busybox,
		'sh',
		'-c',
		'grep -w db /etc/hosts; cat /etc/resolv.conf',
	);
	expect(result.stdout).toMatch(/^10\.0\.0\.5\s+db$/m);
	expect(result.stdout).toMatch(/^nameserver 10\.9\.8\.7$/m);
	expect(result.stdout).toMatch(/^search example\.test$/m);
});

test.skipIf(engineKind === 'dockerd')('network ls and inspect know the bridge and who is on it', async () => {
	await engine.ok('run', '-d', '--name', 'listed', busybox, 'sleep', '60');
	expect((await engine.ok('network', 'ls', '--format', '{{.Name}}')).split('\n').sort()).toEqual([
		'bridge',
		'host',
		'none',
	]);
	const found = JSON.parse(await engine.ok('network', 'inspect', 'bridge'))[0];
	const names = Object.values<{ Name: string }>(found.Containers).map((container) => container.Name);
	expect(names).toEqual(['listed']);
	await remove('listed');
});
