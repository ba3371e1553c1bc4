import { afterAll, expect, test } from 'bun:test';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewEvent } from '../../events/types.ts';
import { inNetworkNamespace } from '../../kernel/namespace.ts';
import { openRecords } from '../../store/records/records.ts';
import type { PortBinding } from '../containers/model.ts';
import type { LiveSandbox, Sandbox, SandboxRequest } from '../containers/ports.ts';
import { createNetworks, type Networks } from './networks.ts';

/** The tests run in a child under a network namespace of their own: `host`, with a `lan` beside it. */
const inside = process.env.GANTRY_TEST_LAN;

function run(...command: string[]): string {
	const child = Bun.spawnSync(command, { stderr: 'pipe' });
	if (child.exitCode !== 0) throw new Error(`${command.join(' ')}: ${child.stderr.toString()}`);
	return child.stdout.toString();
}

if (inside === undefined) {
	test.skipIf(process.getuid?.() !== 0)(
		'networks in a private namespace',
		() => {
			const [host, lan] = [`gantry-test-h${process.pid}`, `gantry-test-l${process.pid}`];
			run('ip', 'netns', 'add', host);
			run('ip', 'netns', 'add', lan);
			try {
				const onHost = (...command: string[]) => run('nsenter', `--net=/run/netns/${host}`, ...command);
				onHost('ip', 'link', 'set', 'lo', 'up');
				onHost('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lan);
				onHost('ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'uplink');
				onHost('ip', 'link', 'set', 'uplink', 'up');
				const onLan = (...command: string[]) => run('nsenter', `--net=/run/netns/${lan}`, ...command);
				onLan('ip', 'addr', 'add', '10.77.0.2/24', 'dev', 'eth0');
				onLan('ip', 'link', 'set', 'eth0', 'up');
				onLan('ip', 'link', 'set', 'lo', 'up');
				// The neighbour knows the way to the containers, as an attacker on the same wire would.
				onLan('ip', 'route', 'add', '172.16.0.0/12', 'via', '10.77.0.1');
				const child = Bun.spawnSync(
					['nsenter', `--net=/run/netns/${host}`, process.execPath, 'test', '--timeout', '30000', import.meta.path],
					{
						env: { ...process.env, GANTRY_TEST_LAN: `/run/netns/${lan}` },
						stdout: 'pipe',
						stderr: 'pipe',
						timeout: 60_000,
					},
				);
				if (child.exitCode !== 0) throw new Error(`${child.stdout}${child.stderr}`);
			} finally {
				run('ip', 'netns', 'del', host);
				run('ip', 'netns', 'del', lan);
			}
		},
		70_000,
	);
} else {
	registerTests(inside);
}

function registerTests(lan: string): void {
	const folder = mkdtempSync(join(tmpdir(), 'gantry-networks-'));
	const records = openRecords(join(folder, 'gantry.db'));
	const events: NewEvent[] = [];
	const warnings: string[] = [];
	const stopped: (() => void)[] = [];

	const open = (bridge = 'gt0', cidr: string | null = null): Networks =>
		createNetworks({
			records,
			runDir: join(folder, bridge),
			bridge: { name: bridge, cidr, mtu: null },
			events: {
				publish(event) {
					events.push(event);
					return { ...event, sequence: events.length, timeNano: 0n };
				},
			},
			peers: {
				nameOf: (id) => `name-${id}`,
				find(ref) {
					const path = '/etc/hosts';
					const files = { hosts: path, resolvConf: path, hostname: path };
					const names = { hostname: `host-${ref}`, domainname: 'example.test' };
					const state = ref === 'live' ? { state: 'running', pid: process.pid } : { state: 'exited', pid: null };
					return { id: ref, ...names, ...state, files };
				},
			},
			log: { warn: (message) => warnings.push(message) },
			now: () => '2026-01-01T00:00:00Z',
		});

	const request = (
		containerId: string,
		ports: Record<string, PortBinding[]> = {},
		more: Partial<SandboxRequest> = {},
	): SandboxRequest => ({
		containerId,
		containerName: containerId,
		hostname: containerId,
		domainname: '',
		networkMode: 'bridge',
		endpointRequests: {},
		exposedPorts: [],
		portBindings: ports,
		publishAllPorts: false,
		extraHosts: [],
		dns: [],
		dnsOptions: [],
		dnsSearch: [],
		...more,
	});
	const bind = (hostPort: string, hostIp = ''): PortBinding[] => [{ hostIp, hostPort }];
	const path = (sandbox: Sandbox): string => (sandbox.netns.kind === 'path' ? sandbox.netns.path : '');

	/** Answers every connection with the address that it came from. */
	const serve = (netns: string, port: number): void => {
		const server = inNetworkNamespace(netns, () =>
			Bun.listen({
				hostname: '0.0.0.0',
				port,
				socket: {
					open(socket) {
						socket.end(socket.remoteAddress);
					},
					data() {},
				},
			}),
		);
		stopped.push(() => server.stop(true));
	};

	/** What the server said; `refused` or `timeout` when there was none. `from` null: the host itself. */
	const ask = async (from: string | null, hostname: string, port: number): Promise<string> => {
		const answer = Promise.withResolvers<string>();
		const timer = setTimeout(() => answer.resolve('timeout'), 700);
		const connect = () =>
			Bun.connect({
				hostname,
				port,
				socket: {
					data(socket, data) {
						answer.resolve(data.toString());
						socket.end();
					},
					connectError() {
						answer.resolve('refused');
					},
				},
			});
		(from === null ? connect() : inNetworkNamespace(from, connect)).catch(() => answer.resolve('refused'));
		const said = await answer.promise;
		clearTimeout(timer);
		return said;
	};

	const gone = async (name: string): Promise<void> => {
		// The kernel takes devices away some time after their namespace, and tells nobody who does not listen.
		for (let tries = 0; run('ip', '-o', 'link').includes(name) && tries < 500; tries++) await Bun.sleep(10);
	};
	const state = () => ({
		links: run('ip', '-o', 'link').match(/(?<=^\d+: )[^:]+/gm),
		rules: run('nft', 'list', 'ruleset'),
		mounts: existsSync(join(folder, 'gt0', 'netns')) ? readdirSync(join(folder, 'gt0', 'netns')) : [],
	});
	const live = (containerId: string, { endpoints, ports }: Sandbox): LiveSandbox => ({ containerId, endpoints, ports });
	const bridgePorts = () => run('ip', '-o', 'link', 'show', 'master', 'gt0').match(/veth[0-9a-f]{7}/g) ?? [];

	let networks = open();

	afterAll(async () => {
		for (const stop of stopped) stop();
		await networks.destroy();
		records.close();
		rmSync(folder, { recursive: true });
	});

	test('a published port answers on every way, an unpublished one only inside', async () => {
		await networks.networking.reconcile([]);
		const before = state();
		const web = await networks.networking.attach(
			request('web', { '80/tcp': bind('8080'), '81/tcp': bind('8081', '127.0.0.1') }),
		);
		const other = await networks.networking.attach(request('other'));
		const ip = web.endpoints[0]?.ipv4 ?? '';
		expect([ip, other.endpoints[0]?.ipv4]).toEqual(['172.17.0.2', '172.17.0.3']);
		for (const port of [80, 81, 82]) serve(path(web), port);

		expect(await ask(null, '127.0.0.1', 8080)).toBe('172.17.0.1');
		expect(await ask(null, '10.77.0.1', 8080)).toBe('10.77.0.1');
		expect(await ask(null, '127.0.0.1', 8081)).toBe('172.17.0.1');
		expect(await ask(null, '10.77.0.1', 8081)).toBe('refused');
		expect(await ask(null, ip, 82)).toBe('172.17.0.1');
		expect(await ask(lan, '10.77.0.1', 8080)).toBe('10.77.0.2');
		expect(await ask(lan, ip, 80)).toBe('timeout');
		expect(await ask(lan, ip, 82)).toBe('timeout');
		expect(await ask(path(other), ip, 82)).toBe('172.17.0.3');
		expect(await ask(path(other), '10.77.0.1', 8080)).toBe('172.17.0.1');
		expect(await ask(path(other), '172.17.0.1', 8080)).toBe('172.17.0.1');
		expect(await ask(path(web), '10.77.0.1', 8080)).toBe('172.17.0.1');

		serve(lan, 9000);
		expect(await ask(path(other), '10.77.0.2', 9000)).toBe('10.77.0.1');
		const inner = run('nsenter', `--net=${path(web)}`, 'ip', '-o', 'addr');
		expect(inner).toContain('172.17.0.2/16 brd 172.17.255.255');
		expect(inner).not.toContain('fe80');
		expect(run('nsenter', `--net=${path(web)}`, 'ip', 'link')).toContain('02:42:ac:11:00:02');
		expect(run('nsenter', `--net=${path(web)}`, 'ip', 'route')).toContain('default via 172.17.0.1 dev eth0');

		const ports = bridgePorts();
		expect(ports).toHaveLength(2);
		await networks.networking.release('web');
		await networks.networking.release('other');
		for (const stop of stopped.splice(0)) stop();
		for (const name of ports) await gone(name);
		expect(state()).toEqual(before);
		expect(
			events.map(({ action, attributes }) => `${action} ${attributes.container} ${attributes.name} ${attributes.type}`),
		).toEqual([
			'connect web bridge bridge',
			'connect other bridge bridge',
			'disconnect web bridge bridge',
			'disconnect other bridge bridge',
		]);
	});

	test('the device of a namespace that something keeps alive goes all the same', async () => {
		const kept = await networks.networking.attach(request('kept'));
		const descriptor = openSync(path(kept), 'r');
		try {
			const [name = ''] = bridgePorts();
			await networks.networking.release('kept');
			expect(bridgePorts()).toEqual([name]);
			await gone(name);
			expect(bridgePorts()).toEqual([]);
		} finally {
			closeSync(descriptor);
		}
	});

	test('a neighbour does not reach a port of 127.0.0.1, nor a container the loopback of the host', async () => {
		const web = await networks.networking.attach(request('web', { '80/tcp': bind('8080', '127.0.0.1') }));
		serve(path(web), 80);
		const local = Bun.listen({
			hostname: '127.0.0.1',
			port: 7777,
			socket: { open: (s) => void s.end('host'), data() {} },
		});
		stopped.push(() => local.stop(true));
		for (const netns of [lan, path(web)]) {
			const via = netns === lan ? '10.77.0.1' : '172.17.0.1';
			run('nsenter', `--net=${netns}`, 'ip', 'route', 'flush', 'table', 'local', 'dev', 'lo');
			run('nsenter', `--net=${netns}`, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet');
			run('nsenter', `--net=${netns}`, 'ip', 'route', 'add', '127.0.0.0/8', 'via', via, 'dev', 'eth0');
			expect(await ask(netns, '127.0.0.1', 7777)).toBe('timeout');
			expect(await ask(netns, '127.0.0.1', 8080)).toBe('timeout');
		}
		for (const stop of stopped.splice(0)) stop();
		await networks.networking.release('web');
	});

	test('udp is published; ranges and ephemeral ports take free ones', async () => {
		const one = await networks.networking.attach(
			request('one', { '53/udp': bind('5353'), '80/tcp': bind('8000-8002'), '90/tcp': bind('') }),
		);
		const two = await networks.networking.attach(
			request('two', { '80/tcp': bind('8000-8002') }, { publishAllPorts: true, exposedPorts: ['70/tcp', '80/tcp'] }),
		);
		const [first = 0, last = 0] = (await Bun.file('/proc/sys/net/ipv4/ip_local_port_range').text())
			.trim()
			.split(/\s+/)
			.map(Number);
		const port = (sandbox: Sandbox, of: number) =>
			sandbox.ports.find(({ containerPort }) => containerPort === of)?.hostPort ?? 0;
		expect([port(one, 80), port(two, 80)]).toEqual([8000, 8001]);
		for (const ephemeral of [port(one, 90), port(two, 70)]) {
			expect(ephemeral).toBeGreaterThanOrEqual(first);
			expect(ephemeral).toBeLessThanOrEqual(last);
		}
		const server = await inNetworkNamespace(path(one), () =>
			Bun.udpSocket({
				hostname: '0.0.0.0',
				port: 53,
				socket: { data: (socket, _data, from, address) => void socket.send('pong', from, address) },
			}),
		);
		const answered = Promise.withResolvers<string>();
		const client = await inNetworkNamespace(lan, () =>
			Bun.udpSocket({ hostname: '0.0.0.0', socket: { data: (_socket, data) => answered.resolve(data.toString()) } }),
		);
		client.send('ping', 5353, '10.77.0.1');
		expect(await answered.promise).toBe('pong');
		server.close();
		client.close();
		await networks.networking.release('one');
		await networks.networking.release('two');
	});

	test('a port that is taken is refused in Docker’s words and nothing is left', async () => {
		const web = await networks.networking.attach(request('web', { '80/tcp': bind('8080') }));
		for (const port of bridgePorts()) if (!web.endpoints[0]?.endpointId.startsWith(port.slice(4))) await gone(port);
		const before = state();
		const prefix = /^driver failed programming external connectivity on endpoint late \([0-9a-f]{64}\): /;
		const late = networks.networking.attach(
			request('late', { '81/tcp': bind('8081'), '80/tcp': bind('8080', '127.0.0.1') }),
		);
		await expect(late).rejects.toThrow(prefix);
		await expect(late).rejects.toThrow('Bind for 127.0.0.1:8080 failed: port is already allocated');
		expect(state()).toEqual(before);

		const squatter = createServer();
		await new Promise<void>((resolve) => squatter.listen(8082, '0.0.0.0', resolve));
		const refused = networks.networking.attach(request('late', { '80/tcp': bind('8082') }));
		await expect(refused).rejects.toThrow(
			'failed to bind host port for 0.0.0.0:8082:172.17.0.3:80/tcp: address already in use',
		);
		await new Promise((resolve) => squatter.close(resolve));
		expect(state()).toEqual(before);
		const foreign = networks.networking.attach(request('late', { '80/tcp': bind('8082', '203.0.113.9') }));
		await expect(foreign).rejects.toThrow('cannot assign requested address');
		expect(state()).toEqual(before);

		// And the other way round: no process gets a published port.
		const thief = createServer();
		const outcome = new Promise((resolve) =>
			thief.on('error', resolve).listen(8080, '0.0.0.0', () => resolve('bound')),
		);
		expect(String(await outcome)).toContain('EADDRINUSE');
		await networks.networking.release('web');
	});

	test('a new daemon takes over what runs, removes the rest and puts back what was lost', async () => {
		const keep = await networks.networking.attach(request('keep', { '80/tcp': bind('8080') }));
		const drop = await networks.networking.attach(request('drop', { '80/tcp': bind('8081') }));
		serve(path(keep), 80);
		const stray = `veth${drop.endpoints[0]?.endpointId.slice(0, 7)}`;
		networks.close();
		run('nft', 'flush', 'ruleset');
		run('ip', 'link', 'del', 'gt0');
		networks = open();
		await networks.networking.reconcile([live('keep', keep)]);
		expect(await ask(null, '127.0.0.1', 8080)).toBe('172.17.0.1');
		expect(await ask(lan, '10.77.0.1', 8080)).toBe('10.77.0.2');
		await gone(stray);
		expect(bridgePorts()).toHaveLength(1);
		expect(readdirSync(join(folder, 'gt0', 'netns'))).toEqual(['keep']);
		expect(run('nft', 'list', 'ruleset')).not.toContain('8081');
		const late = networks.networking.attach(request('late', { '80/tcp': bind('8080') }));
		await expect(late).rejects.toThrow('port is already allocated');
		const next = await networks.networking.attach(request('next', { '80/tcp': bind('8081') }));
		expect(next.endpoints[0]?.ipv4).toBe('172.17.0.3');
		expect(
			networks.queries
				.members(networks.queries.get('bridge').id)
				.map(({ containerName, ipv4 }) => [containerName, ipv4]),
		).toEqual([
			['name-keep', '172.17.0.2/16'],
			['name-next', '172.17.0.3/16'],
		]);
		for (const stop of stopped.splice(0)) stop();
		await networks.networking.release('keep');
		await networks.networking.release('next');
	});

	test('the table comes back when somebody flushed it, with all ports', async () => {
		const one = await networks.networking.attach(request('one', { '80/tcp': bind('8080') }));
		serve(path(one), 80);
		run('nft', 'flush', 'ruleset');
		const two = await networks.networking.attach(request('two', { '80/tcp': bind('8081') }));
		serve(path(two), 80);
		expect(await ask(lan, '10.77.0.1', 8080)).toBe('10.77.0.2');
		expect(await ask(lan, '10.77.0.1', 8081)).toBe('10.77.0.2');
		for (const stop of stopped.splice(0)) stop();
		await networks.networking.release('one');
		await networks.networking.release('two');
	});

	test('two bridges live side by side, and going away takes everything of one', async () => {
		const second = open('gt1');
		const before = run('nft', 'list', 'ruleset');
		await second.networking.reconcile([]);
		expect(second.queries.get('bridge').subnets).toEqual([{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }]);
		const one = await networks.networking.attach(request('one', { '80/tcp': bind('8080') }));
		const two = await second.networking.attach(request('two', { '80/tcp': bind('8081') }));
		serve(path(one), 80);
		serve(path(two), 80);
		expect(await ask(null, '127.0.0.1', 8080)).toBe('172.17.0.1');
		expect(await ask(null, '127.0.0.1', 8081)).toBe('172.18.0.1');
		expect(await ask(path(one), '172.18.0.2', 80)).toBe('timeout');
		expect(await ask(path(one), '10.77.0.1', 8081)).toBe('172.18.0.1');
		const taken = second.networking.attach(request('three', { '80/tcp': bind('8080') }));
		await expect(taken).rejects.toThrow('address already in use');
		for (const stop of stopped.splice(0)) stop();
		await networks.networking.release('one');
		await second.networking.release('two');
		await second.destroy();
		expect(run('nft', 'list', 'ruleset')).toBe(before);
		expect(run('ip', '-o', 'link')).not.toContain('gt1');
	});

	test('none, host and container modes', async () => {
		const none = await networks.networking.attach(request('n', {}, { networkMode: 'none' }));
		expect([none.netns.kind, none.endpoints[0]?.networkName]).toEqual(['private', 'none']);
		const host = await networks.networking.attach(request('h', { '80/tcp': bind('80') }, { networkMode: 'host' }));
		expect([host.netns.kind, host.endpoints[0]?.networkName, host.ports.length]).toEqual(['host', 'host', 0]);
		const shared = networks.networking.attach(request('c', {}, { networkMode: 'container:x' }));
		await expect(shared).rejects.toThrow('cannot join network of a non running container');
		const joined = await networks.networking.attach(request('j', {}, { networkMode: 'container:live' }));
		expect(joined.netns).toEqual({ kind: 'path', path: `/proc/${process.pid}/ns/net` });
		expect(joined.files.hosts).toBe(await Bun.file('/etc/hosts').text());
		const publishing = request('j', { '80/tcp': bind('80') }, { networkMode: 'container:live' });
		expect(() => networks.networking.validate(publishing)).toThrow('conflicting options: port publishing');
		expect(() => networks.networking.validate(request('u', {}, { networkMode: 'foo' }))).toThrow(
			'network foo not found',
		);
		await networks.networking.release('n');
		await networks.networking.release('h');
		expect(warnings.filter((text) => !text.includes('putting it back'))).toEqual([]);
	});
}
