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

test('udp: a datagram goes in by the published port, and the answer comes back from it', async () => {
	await engine.ok('run', '-d', '--name', 'udp', '-p', '5300:53/udp', busybox, 'sleep', '60');
	expect(await engine.ok('port', 'udp')).toContain('53/udp -> 0.0.0.0:5300');
	const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', 'udp');
	const server = Bun.spawn(['nsenter', `--net=/proc/${pid}/ns/net`, 'python3', '-c', udpServer], { stdout: 'pipe' });
	await server.stdout.getReader().read();
	for (const address of ['127.0.0.1', '198.51.100.7']) {
		expect(await engine.inside('python3', '-c', udpClient, address, '5300')).toMatchObject({ stdout: 'got ping' });
	}
	const out = runSync('nsenter', `--net=/run/netns/${neighbour}`, 'python3', '-c', udpClient, '198.51.100.7', '5300');
	expect(out.stdout).toBe('got ping');
	server.kill();
	await server.exited;
	await remove('udp');
});

const udpServer = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 53))
print("ready", flush=True)
while True:
	word, peer = s.recvfrom(100)
	s.sendto(b"got " + word, peer)
`;

/** Takes an answer only from where it has asked. */
const udpClient = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"ping")
print(s.recv(100).decode(), end="")
`;

test('ranges of ports', async () => {
	const ports = ['-p', '8120-8122:80-82', '-p', '8130-8131:90'];
	await engine.ok('run', '-d', '--name', 'range', ...ports, busybox, 'sleep', '60');
	const lines = (await engine.ok('port', 'range')).split('\n').filter((line) => !line.includes('[::]'));
	expect(lines.sort()).toEqual([
		'80/tcp -> 0.0.0.0:8120',
		'81/tcp -> 0.0.0.0:8121',
		'82/tcp -> 0.0.0.0:8122',
		'90/tcp -> 0.0.0.0:8130',
	]);
	// One that is taken is passed over.
	await engine.ok('run', '-d', '--name', 'next', '-p', '8130-8131:90', busybox, 'sleep', '60');
	expect(await engine.ok('port', 'next', '90')).toContain('0.0.0.0:8131');
	expect((await engine.docker('run', '--rm', '-p', '8130-8131:90', busybox, 'true')).code).toBe(125);
	await remove('range', 'next');
});

test('a port of a process of the host: refused, and free again when that process is gone', async () => {
	const { argv } = engine.command('python3', '-c', holdPort(8140));
	const holder = Bun.spawn([...argv], { stdin: 'pipe', stdout: 'pipe' });
	await holder.stdout.getReader().read();
	const flags = ['-p', '8140:80', '-p', '8141:81'];
	const refused = await engine.docker('run', '-d', '--name', 'late', ...flags, busybox, 'sleep', '60');
	expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('address already in use')]);
	expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.State.Running}}', 'late')).toBe('created false');
	expect(await engine.ok('inspect', '-f', '{{.State.Error}}', 'late')).toContain('address already in use');
	// The other port of the failed start is free.
	await engine.ok('run', '-d', '--name', 'other', '-p', '8141:80', busybox, 'sleep', '60');
	await remove('other');
	holder.kill();
	await holder.exited;
	await engine.ok('start', 'late');
	expect(await engine.ok('port', 'late', '80')).toContain('0.0.0.0:8140');
	await remove('late');
	expect(await engine.leftovers()).toEqual([]);
});

/** A program that listens on a port until it is killed. */
function holdPort(port: number): string {
	return `import socket,sys
s = socket.socket()
s.bind(("0.0.0.0", ${port}))
s.listen()
print("ready", flush=True)
sys.stdin.read()`;
}

test('a container reaches itself by its published port', async () => {
	await web('self', '-p', '8150:80');
	await fetchInside('http://127.0.0.1:8150/');
	const gateway = await engine.ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.Gateway}}', 'self');
	for (const address of [gateway, '198.51.100.7']) {
		expect(await engine.ok('exec', 'self', 'wget', '-qO-', `http://${address}:8150/`)).toBe('page of self');
	}
	await remove('self');
});

test('what inspect says of ports, as docker port reads it', async () => {
	const flags = ['-p', '127.0.0.1:8160:80', '-p', '8161:80', '-p', '8162:53/udp', '--expose', '99'];
	await engine.ok('run', '-d', '--name', 'told', ...flags, busybox, 'sleep', '60');
	const read = async () => JSON.parse(await engine.ok('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'told'));
	const bind = (HostIp: string, HostPort: string) => ({ HostIp, HostPort });
	const ports = await read();
	expect(ports['80/tcp']).toContainEqual(bind('127.0.0.1', '8160'));
	expect(ports['80/tcp']).toContainEqual(bind('0.0.0.0', '8161'));
	expect(ports['53/udp']).toContainEqual(bind('0.0.0.0', '8162'));
	expect(ports['99/tcp']).toBeNull();
	expect(await engine.ok('port', 'told', '53/udp')).toContain('0.0.0.0:8162');
	const missing = await engine.docker('port', 'told', '99');
	expect([missing.code, missing.stderr]).toEqual([
		1,
		expect.stringMatching(/No public port '99(\/tcp)?' published for told/),
	]);
	await engine.ok('kill', 'told');
	await engine.ok('wait', 'told');
	expect(await read()).toEqual({});
	await remove('told');
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

test('--network container: takes the names of the other, and what cannot be asked of it is refused', async () => {
	await engine.ok(
		'run',
		'-d',
		'--name',
		'named',
		'--hostname',
		'host1',
		'--domainname',
		'dom.test',
		busybox,
		'sleep',
		'60',
	);
	const join = (...flags: string[]) =>
		engine.docker('run', '--name', 'joined', '--network', 'container:named', ...flags);
	const names = await join(
		busybox,
		'sh',
		'-c',
		'hostname; cat /etc/hostname /proc/sys/kernel/domainname; echo $HOSTNAME',
	);
	expect(names.stdout.split('\n').slice(0, 4)).toEqual(['host1', 'host1', 'dom.test', 'host1']);
	expect(await engine.ok('inspect', '-f', '{{.Config.Hostname}} {{.Config.Domainname}}', 'joined')).toBe(
		'host1 dom.test',
	);
	await remove('joined');
	for (const [flags, words] of [
		[['--hostname', 'x'], 'hostname and the network mode'],
		[['--dns', '1.1.1.1'], 'dns and the network mode'],
		[['--add-host', 'a:1.1.1.1'], 'custom host-to-IP mapping and the network mode'],
		[['-p', '80'], 'port publishing and the container type network mode'],
		[['-P'], 'port publishing and the container type network mode'],
		[['--expose', '80'], 'port exposing and the container type network mode'],
	] as const) {
		const result = await join(...flags, busybox, 'true');
		expect([result.code, result.stderr]).toEqual([125, expect.stringContaining(`conflicting options: ${words}`)]);
	}
	await engine.ok('run', '--name', 'joined', '--network', 'container:named', busybox, 'true');
	await engine.ok('kill', 'named');
	await engine.ok('wait', 'named');
	const late = await engine.docker('start', 'joined');
	expect([late.code, late.stderr]).toEqual([
		1,
		expect.stringContaining('cannot join network of a non running container'),
	]);
	await remove('named', 'joined');
	const nobody = await engine.docker('run', '--rm', '--network', 'container:nobody', busybox, 'true');
	expect([nobody.code, nobody.stderr]).toEqual([125, expect.stringContaining('No such container: nobody')]);
	const short = await engine.docker('run', '--rm', '--name', 'q', busybox, 'true');
	expect([short.code, short.stderr]).toEqual([125, expect.stringContaining('Invalid container name (q)')]);
});

test('--network none and host', async () => {
	const none = await engine.docker('run', '--rm', '--network', 'none', busybox, 'ls', '/sys/class/net');
	expect(none.stdout).toBe('lo\n');
	const host = await engine.docker('run', '--rm', '--network', 'host', busybox, 'ip', '-o', 'addr', 'show', 'outside');
	expect(host.stdout).toContain('198.51.100.7/24');
	const clash = await engine.docker('run', '--rm', '--network', 'host', '-p', '8170:80', busybox, 'echo', 'ran');
	expect(clash.stdout).toBe('ran\n');
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

test('network ls and inspect know the bridge and who is on it', async () => {
	await engine.ok('run', '-d', '--name', 'listed', busybox, 'sleep', '60');
	expect((await engine.ok('network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}')).split('\n').sort()).toEqual(
		['bridge bridge local', 'host host local', 'none null local'],
	);
	expect(await engine.ok('network', 'ls', '--filter', 'driver=host', '--format', '{{.Name}}')).toBe('host');
	expect(await engine.ok('network', 'ls', '--filter', 'name=ridg', '--format', '{{.Name}}')).toBe('bridge');
	const found = JSON.parse(await engine.ok('network', 'inspect', 'bridge'))[0];
	expect(found).toMatchObject({ Name: 'bridge', Scope: 'local', Driver: 'bridge', EnableIPv6: false, Internal: false });
	const [id, member] = Object.entries<Record<string, string>>(found.Containers)[0] ?? ['', {}];
	expect(Object.keys(found.Containers)).toHaveLength(1);
	const details = JSON.parse(await engine.ok('inspect', 'listed'))[0];
	const endpoint = details.NetworkSettings.Networks.bridge;
	expect(id).toBe(details.Id);
	expect(member).toMatchObject({
		Name: 'listed',
		EndpointID: endpoint.EndpointID,
		MacAddress: endpoint.MacAddress,
		IPv4Address: `${endpoint.IPAddress}/${endpoint.IPPrefixLen}`,
	});
	// Old dockerds leave it out.
	if (engineKind === 'gantry') expect(found.IPAM.Config[0].Gateway).toBe(endpoint.Gateway);
	expect(endpoint.NetworkID).toBe(found.Id);
	expect(await engine.ok('network', 'inspect', '-f', '{{.Name}}', found.Id.slice(0, 12))).toBe('bridge');
	const missing = await engine.docker('network', 'inspect', 'nothing');
	expect([missing.code, missing.stderr]).toEqual([
		1,
		expect.stringMatching(/nothing not found|No such network: nothing/),
	]);
	await remove('listed');
});

test('--mac-address', async () => {
	const mac = '02:42:ac:11:00:77';
	const address = ['cat', '/sys/class/net/eth0/address'];
	const result = await engine.docker('run', '--rm', '--mac-address', mac, busybox, ...address);
	// The docker CLI wants a newer API for it than old engines have.
	if (engineKind === 'gantry') expect(result.stdout).toBe(`${mac}\n`);
});
