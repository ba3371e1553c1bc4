import { expect } from 'bun:test';
import { tarOf } from '../../support/image-builder.ts';
import { json, type Scenarios } from './scenario.ts';
import { busybox } from './world.ts';

/** A create body with as many fields as a machine without special devices allows. */
const fullConfig = {
	Image: busybox,
	Hostname: 'host',
	Domainname: 'dom',
	User: 'nobody',
	Env: ['A=b', 'EMPTY='],
	Cmd: ['sleep', '1000'],
	Labels: { one: '1', two: '' },
	ExposedPorts: { '80/tcp': {}, '53/udp': {} },
	Volumes: { '/anonymous': {} },
	WorkingDir: '/tmp',
	StopSignal: 'SIGKILL',
	StopTimeout: 3,
	Tty: true,
	OpenStdin: true,
	Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000, Timeout: 1_000_000_000, Retries: 2 },
	HostConfig: {
		Binds: ['/etc:/host-etc:ro'],
		Mounts: [{ Type: 'tmpfs', Target: '/scratch', TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o1777 } }],
		Tmpfs: { '/run': 'size=1m' },
		PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
		Memory: 64 << 20,
		CpuShares: 512,
		PidsLimit: 100,
		Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
		RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
		CapAdd: ['NET_ADMIN'],
		CapDrop: ['MKNOD'],
		Dns: ['1.1.1.1'],
		ExtraHosts: ['other:10.0.0.1'],
		Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' },
		LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
		ReadonlyRootfs: true,
		Init: false,
	},
};

/** Scenarios of the containers' operations. */
export const containerScenarios: Scenarios = {
	async ContainerList(call, world) {
		const id = await world.running(fullConfig, 'listed');
		await world.exited();
		await world.created();
		const all = json<{ Id: string }[]>(await call(200, { query: { all: 1, size: 1 } }));
		expect(all.length).toBe(3);
		const filters = { label: ['one=1'], status: ['running'] };
		const found = json<{ Id: string }[]>(await call(200, { query: { filters } }));
		expect(found.map(({ Id }) => Id)).toEqual([id]);
		await call(400, { query: { filters: { nonsense: ['x'] } } });
	},
	async ContainerCreate(call) {
		const { Id } = json<{ Id: string }>(await call(201, { query: { name: 'made' }, body: fullConfig }));
		await call(409, { query: { name: 'made' }, body: fullConfig });
		await call(404, { body: { Image: 'no-such-image:1' } });
		await call(400, { body: { Image: busybox, HostConfig: { Memory: 'much' } } });
		await call(400, { query: { name: '/bad/name' }, body: fullConfig });
		expect(Id).toMatch(/^[0-9a-f]{64}$/);
	},
	async ContainerInspect(call, world) {
		for (const id of [
			await world.running(fullConfig),
			await world.running({ HostConfig: { NetworkMode: 'none' } }),
			await world.exited(),
			await world.created({ HostConfig: { Privileged: true, NetworkMode: 'host' } }),
		]) {
			await call(200, { id });
			const { SizeRootFs, HostConfig } = json<{
				SizeRootFs: number;
				HostConfig: { Privileged: boolean; MaskedPaths: string[] | null; ReadonlyPaths: string[] | null };
			}>(await call(200, { id, query: { size: 1 } }));
			expect(SizeRootFs).toBeGreaterThan(100_000);
			expect([HostConfig.MaskedPaths === null, HostConfig.ReadonlyPaths === null]).toEqual([
				HostConfig.Privileged,
				HostConfig.Privileged,
			]);
		}
	},
	async ContainerTop(call, world) {
		const id = await world.running();
		await call(200, { id });
		await call(200, { id, query: { ps_args: '-o pid,args' } });
	},
	async ContainerLogs(call, world) {
		const id = await world.exited();
		expect((await call(200, { id, query: { stdout: 1, stderr: 1, timestamps: 1 } })).text).toContain('out');
		expect((await call(200, { id, query: { stderr: 1, tail: 1, follow: 1 } })).text).toContain('err');
		const tty = await world.running({ Tty: true, Cmd: ['sh', '-c', 'echo on a terminal; sleep 1000'] });
		const { headers } = await call(200, { id: tty, query: { stdout: 1, follow: 1 }, until: 'terminal' });
		expect(headers.get('content-type')).toBe('application/vnd.docker.raw-stream');
	},
	async ContainerChanges(call, world) {
		const id = await world.exited('touch /new; rm /etc/shadow; echo x >> /etc/passwd');
		const changes = json<{ Path: string; Kind: number }[]>(await call(200, { id }));
		expect(changes).toContainEqual({ Path: '/etc/passwd', Kind: 0 });
		expect(changes).toContainEqual({ Path: '/new', Kind: 1 });
		expect(changes).toContainEqual({ Path: '/etc/shadow', Kind: 2 });
		await call(200, { id: await world.created() });
	},
	async ContainerExport(call, world) {
		const { text } = await call(200, { id: await world.created() });
		expect(text).toContain('etc/passwd');
	},
	async ContainerStats(call, world) {
		const id = await world.running();
		await call(200, { id, query: { stream: 0, 'one-shot': 1 } });
		await call(200, { id, query: { stream: 0 } });
		await call(200, { id: await world.exited(), query: { stream: 0 } });
	},
	async ContainerResize(call, world) {
		await call(200, { id: await world.running({ Tty: true }), query: { h: 30, w: 90 } });
	},
	async ContainerStart(call, world) {
		const id = await world.created();
		await call(204, { id });
		await call(304, { id });
	},
	async ContainerStop(call, world) {
		const id = await world.running();
		await call(204, { id, query: { t: 1, signal: 'SIGKILL' } });
		await call(304, { id });
	},
	async ContainerRestart(call, world) {
		await call(204, { id: await world.running(), query: { t: 0 } });
		await call(204, { id: await world.exited() });
	},
	async ContainerKill(call, world) {
		const id = await world.running();
		await call(204, { id, query: { signal: 'SIGHUP' } });
		await call(204, { id });
		await call(409, { id: await world.created() });
	},
	async ContainerUpdate(call, world) {
		const id = await world.running();
		const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 1 };
		await call(200, { id, body: { Memory: 64 << 20, MemorySwap: 128 << 20, CpuShares: 256, RestartPolicy } });
		await call(200, { id: await world.created(), body: { PidsLimit: 50 } });
	},
	async ContainerRename(call, world) {
		await world.created({}, 'taken');
		const id = await world.created();
		await call(204, { id, query: { name: 'renamed' } });
		await call(204, { id, query: { name: 'renamed-again' } });
		await call(409, { id, query: { name: 'taken' } });
	},
	async ContainerPause(call, world) {
		await call(204, { id: await world.running() });
	},
	async ContainerUnpause(call, world) {
		const id = await world.running();
		await world.ask('POST', `/containers/${id}/pause`);
		await call(204, { id });
	},
	async ContainerAttach(call, world) {
		const id = await world.running({ Cmd: ['sh', '-c', 'read x; echo got $x'], OpenStdin: true, StdinOnce: true });
		const query = { stream: 1, stdin: 1, stdout: 1, stderr: 1 };
		expect((await call(101, { id, query, hijack: 'line\n' })).text).toContain('got line');
		const plain = await world.exited();
		expect((await call(200, { id: plain, query: { logs: 1, stdout: 1 } })).text).toContain('out');
		const tty = await world.running({ Tty: true, Cmd: ['sh', '-c', 'while :; do echo ready; sleep 0.1; done'] });
		const onTerminal = { logs: 1, stream: 1, stdout: 1 };
		const { headers } = await call(101, { id: tty, query: onTerminal, hijack: '', until: 'ready' });
		expect(headers.get('content-type')).toBe('application/vnd.docker.raw-stream');
	},
	async ContainerAttachWebsocket(call, world) {
		const id = await world.running({ Tty: true, Cmd: ['sh', '-c', 'while :; do echo ready; sleep 0.1; done'] });
		const headers = {
			Upgrade: 'websocket',
			'Sec-WebSocket-Version': '13',
			'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
		};
		const query = { logs: 1, stream: 1, stdout: 1 };
		await call(101, { id, query, headers, hijack: '', until: 'ready' });
		await call(400, { id, query });
	},
	async ContainerWait(call, world) {
		const exited = await world.exited();
		expect(json(await call(200, { id: exited }))).toMatchObject({ StatusCode: 3 });
		const id = await world.running({ Cmd: ['sh', '-c', 'sleep 0.2'] });
		await call(200, { id, query: { condition: 'next-exit' } });
		await call(400, { id, query: { condition: 'bogus' } });
	},
	async ContainerDelete(call, world) {
		const id = await world.running();
		await call(409, { id });
		await call(204, { id, query: { force: 1, v: 1 } });
		await call(204, { id: await world.exited() });
	},
	async ContainerArchiveInfo(call, world) {
		const id = await world.created();
		const { headers } = await call(200, { id, query: { path: '/etc/passwd' } });
		const stat = JSON.parse(Buffer.from(headers.get('x-docker-container-path-stat') ?? '', 'base64').toString());
		expect(Object.keys(stat).sort()).toEqual(['linkTarget', 'mode', 'mtime', 'name', 'size']);
		await call(404, { id, query: { path: '/no/such/file' } });
		await call(400, { id });
	},
	async ContainerArchive(call, world) {
		const id = await world.running();
		const { headers } = await call(200, { id, query: { path: '/etc' } });
		expect(headers.get('x-docker-container-path-stat')).not.toBeNull();
		await call(404, { id, query: { path: '/no/such/file' } });
		await call(400, { id });
	},
	async PutContainerArchive(call, world) {
		const id = await world.created();
		const body = tarOf([{ name: 'put', content: 'there' }]);
		await call(200, { id, query: { path: '/tmp' }, body });
		await call(404, { id, query: { path: '/no/such/folder' }, body });
		await call(400, { id, query: { path: '/etc/passwd' }, body });
		await call(400, { id, body });
		const readonly = await world.running({ HostConfig: { ReadonlyRootfs: true } });
		await call(403, { id: readonly, query: { path: '/tmp' }, body });
	},
	async ContainerPrune(call, world) {
		const id = await world.exited();
		const pruned = json<{ ContainersDeleted: string[] }>(await call(200, { query: { filters: { until: ['1h'] } } }));
		expect(pruned.ContainersDeleted ?? []).toEqual([]);
		expect(json<{ ContainersDeleted: string[] }>(await call(200)).ContainersDeleted).toContain(id);
	},
	async ContainerExec(call, world) {
		const id = await world.running();
		await call(201, { id, body: { Cmd: ['true'], Env: ['A=b'], User: 'nobody', WorkingDir: '/tmp', Tty: true } });
		await call(409, { id: await world.exited(), body: { Cmd: ['true'] } });
	},
	async ExecStart(call, world) {
		const container = await world.running();
		const id = await world.exec(container);
		expect((await call(101, { id, body: { Detach: false, Tty: false }, hijack: '' })).text).toContain('hello');
		await call(409, { id, body: {} });
		const plain = await world.exec(container);
		expect((await call(200, { id: plain, body: {} })).text).toContain('hello');
		await call(200, { id: await world.exec(container), body: { Detach: true } });
	},
	async ExecResize(call, world) {
		const id = await world.exec(await world.running(), { Tty: true, Cmd: ['sleep', '1000'] });
		await world.ask('POST', `/exec/${id}/start`, { body: { Detach: true, Tty: true } });
		await call(200, { id, query: { h: 20, w: 80 } });
	},
	async ExecInspect(call, world) {
		const id = await world.exec(await world.running(), { Cmd: ['sh', '-c', 'exit 4'], Tty: true, User: 'nobody' });
		await call(200, { id });
		await world.ask('POST', `/exec/${id}/start`, { body: { Tty: true } });
		expect(json(await call(200, { id }))).toMatchObject({ Running: false, ExitCode: 4 });
	},
};
