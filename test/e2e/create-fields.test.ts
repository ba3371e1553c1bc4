import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

/** What inspect shows of the field, or the words of the refusal (400). `ours`: dockerd 20.10 does otherwise, later ones do not. */
type Outcome = { readonly shows: unknown } | { readonly says: string };
type Row = readonly [value: unknown, outcome: Outcome, ours?: 'ours'];
type Table = Readonly<Record<string, readonly Row[]>>;

const same = (value: unknown): Row => [value, { shows: value }];
const shown = (value: unknown, shows: unknown): Row => [value, { shows }];
const refused = (value: unknown, says: string): Row => [value, { says }];
const oursOnly = ([value, outcome]: Row): Row => [value, outcome, 'ours'];

const relative = (path: string) =>
	refused(path, `the working directory '${path}' is invalid, it needs to be an absolute path`);
const check = (times: Record<string, number>) => ({ Test: ['CMD', 'true'], ...times });
const short = (field: string, value: number) =>
	refused(check({ [field]: value }), `${field} in Healthcheck cannot be less than 1ms`);

const config: Table = {
	Hostname: [
		same('box'),
		same('a.b.c'),
		oursOnly(refused(5, 'invalid value for Hostname: expected a string, got number')),
	],
	Domainname: [same('example.org')],
	User: [same('1000:1000'), same('nobody-such')],
	ExposedPorts: [
		same({ '80/tcp': {} }),
		oursOnly(refused({ 'x/tcp': {} }, 'invalid value for ExposedPorts: invalid port specification: "x/tcp"')),
	],
	Env: [refused(['=x'], 'invalid environment variable: =x'), refused([''], 'invalid environment variable: ')],
	WorkingDir: [same('/x'), same(''), same('/'), shown('/x/../y//z/', '/y/z'), relative('x'), relative('.')],
	StopSignal: [
		same('SIGTERM'),
		same('9'),
		same('64'),
		same('RTMAX'),
		oursOnly(refused('NOPE', 'invalid signal: NOPE')),
	],
	StopTimeout: [same(0), same(-1), same(10), shown(null, undefined)],
	Healthcheck: [
		same(check({ Interval: 1_000_000 })),
		...['Interval', 'Timeout', 'StartPeriod'].flatMap((field) => [short(field, 999_999), short(field, -1)]),
		oursOnly(short('StartInterval', 999_999)),
		refused(check({ Retries: -1 }), 'Retries in Healthcheck cannot be negative'),
		shown(check({ Interval: 0 }), check({})),
	],
	Shell: [same(['/bin/ash', '-c']), shown([], undefined)],
	OnBuild: [same(['RUN x']), same(null)],
	NetworkDisabled: [same(true), shown(false, undefined)],
	MacAddress: [oursOnly(refused('zz', 'invalid MAC address: zz'))],
	Labels: [same({ a: 'b' }), same({ '': 'b' }), shown(null, {})],
};

const option = (value: string, number: 1 | 2) =>
	// 20.10 takes the blame itself.
	oursOnly(refused([value], `invalid --security-opt ${number}: ${JSON.stringify(value)}`));

const limits: Table = {
	Memory: [refused(6_291_455, 'Minimum memory limit allowed is 6MB'), same(6_291_456), same(0)],
	MemorySwap: [refused(5, 'You should always set the Memory limit when using Memoryswap limit, see usage'), same(-1)],
	MemoryReservation: [refused(6_291_455, 'Minimum memory reservation allowed is 6MB')],
	NanoCpus: [same(100_000_000)],
	CpuShares: [
		same(0),
		same(2),
		same(262_144),
		oursOnly(refused(-1, 'invalid value for HostConfig.CpuShares: -1 is out of range')),
	],
	CpusetCpus: [
		same('0'),
		refused('x', 'Invalid value x for cpuset cpus: invalid format: x'),
		refused('1-0', 'Invalid value 1-0 for cpuset cpus: invalid format: 1-0'),
	],
	PidsLimit: [same(10), shown(0, null), shown(-1, null), same(null)],
	OomScoreAdj: [
		same(1000),
		same(-1000),
		refused(-1001, 'Invalid value -1001, range for oom score adj is [-1000, 1000]'),
		refused(1001, 'Invalid value 1001, range for oom score adj is [-1000, 1000]'),
	],
	ShmSize: [same(1024), shown(0, 67_108_864), refused(-1, 'SHM size can not be less than 0')],
	Ulimits: [
		same([{ Name: 'nofile', Soft: 10, Hard: 20 }]),
		oursOnly(
			refused(
				[{ Name: 'NOFILE', Soft: 1, Hard: 2 }],
				'invalid value for HostConfig.Ulimits: invalid ulimit type: NOFILE',
			),
		),
	],
	Sysctls: [same({ 'net.ipv4.ip_forward': '1' }), same({ 'vm.swappiness': '1' })],
};

const host: Table = {
	CapAdd: [
		same(['NET_ADMIN']),
		same(['net_admin']),
		shown('ALL', ['ALL']),
		refused(['BOGUS'], 'invalid CapAdd: unknown capability: "CAP_BOGUS"'),
	],
	CapDrop: [refused(['BOGUS'], 'invalid CapDrop: unknown capability: "CAP_BOGUS"')],
	SecurityOpt: [
		...['no-new-privileges', 'no-new-privileges=false', 'seccomp=unconfined', 'apparmor=unconfined'].map((one) =>
			same([one]),
		),
		...['apparmor=some', 'apparmor:some', 'label=disable', 'label=type:some', 'disable'].map((one) => same([one])),
		option('bogus', 1),
		option('label', 1),
		option('bogus=1', 2),
		option('no-new-privileges=x', 2),
	],
	Devices: [
		// What is not there is said by the start.
		same([{ PathOnHost: '/dev/nope', PathInContainer: '/dev/nope', CgroupPermissions: 'rwm' }]),
		oursOnly(
			refused(
				[{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'x' }],
				'invalid value for HostConfig.Devices: invalid device mode "x"',
			),
		),
	],
	GroupAdd: [same(['audio', '1000'])],
	ExtraHosts: [
		same(['a:1.2.3.4']),
		same(['a:host-gateway']),
		same(['a:::1']),
		refused(['a'], 'bad format for add-host: "a"'),
		refused(['a:x'], 'invalid IP address in add-host: "x"'),
	],
	Dns: [same(['1.1.1.1'])],
	IpcMode: [
		shown('', 'private'),
		refused('container:nope', 'No such container: nope'),
		same('none'),
		same('host'),
		oursOnly(refused('bogus', 'invalid IPC mode: bogus')),
	],
	PidMode: [
		refused('container:nope', 'No such container: nope'),
		same(''),
		same('host'),
		oursOnly(refused('bogus', 'invalid PID mode: bogus')),
	],
	UTSMode: [same(''), same('host'), oursOnly(refused('bogus', 'invalid UTS mode: bogus'))],
	UsernsMode: [same(''), same('host'), oursOnly(refused('bogus', 'invalid userns mode: bogus'))],
	CgroupnsMode: [same('private'), same('host'), refused('bogus', 'invalid cgroup namespace mode: bogus')],
	Runtime: [oursOnly(refused('bogus', 'unknown or invalid runtime name: bogus'))],
	LogConfig: [
		same({ Type: 'none', Config: {} }),
		oursOnly(refused({ Type: 'bogus' }, "logger: no log driver named 'bogus' is registered")),
		refused({ Type: 'json-file', Config: { bogus: '1' } }, "unknown log opt 'bogus' for json-file log driver"),
	],
	RestartPolicy: [
		same({ Name: 'on-failure', MaximumRetryCount: 3 }),
		oursOnly(
			refused(
				{ Name: 'bogus' },
				"invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
			),
		),
	],
	PortBindings: [
		same({ '80/tcp': [{ HostIp: '', HostPort: '8080' }] }),
		oursOnly(
			refused(
				{ '80/tcp': [{ HostPort: 'x' }] },
				'invalid value for HostConfig.PortBindings["80/tcp"].HostPort: invalid port specification: "x"',
			),
		),
	],
	Init: [same(true), same(false), shown(null, undefined)],
	Annotations: [oursOnly(same({ a: 'b' })), shown(null, undefined)],
};

/** Creates with one field, and gives what came of it. */
async function outcomeOf(part: 'Config' | 'HostConfig', field: string, value: unknown): Promise<unknown> {
	const own = { [field]: value };
	const body = part === 'Config' ? { Image: busybox, ...own } : { Image: busybox, HostConfig: own };
	const made = await engine.api('POST', '/v1.41/containers/create', body);
	const answer = JSON.parse(made.text);
	if (made.status !== 201) return { status: made.status, says: answer.message };
	const seen = await engine.api('GET', `/v1.41/containers/${answer.Id}/json`);
	expect((await engine.api('DELETE', `/v1.41/containers/${answer.Id}`)).status).toBe(204);
	return { status: 201, shows: JSON.parse(seen.text)[part][field] };
}

function tableTest(part: 'Config' | 'HostConfig', table: Table): void {
	for (const [field, rows] of Object.entries(table)) {
		test(`${part}.${field}`, async () => {
			for (const [value, outcome, ours] of rows) {
				if (ours !== undefined && engineKind === 'dockerd') continue;
				const status = 'says' in outcome ? 400 : 201;
				expect([value, await outcomeOf(part, field, value)]).toEqual([value, { status, ...outcome }]);
			}
		});
	}
}

tableTest('Config', config);
tableTest('HostConfig', limits);
tableTest('HostConfig', host);

test('fields that do not go together', async () => {
	for (const [own, hostConfig, says] of [
		[
			{},
			{ AutoRemove: true, RestartPolicy: { Name: 'always' } },
			"can't create 'AutoRemove' container with restart policy",
		],
		[{ Hostname: 'x' }, { UTSMode: 'host' }, 'conflicting options: hostname and the UTS mode'],
		[
			{ MacAddress: '02:42:ac:11:00:99' },
			{ NetworkMode: 'host' },
			'conflicting options: mac-address and the network mode',
		],
		[
			{},
			{ Memory: 10_000_000, MemorySwap: 9_000_000 },
			'Minimum memoryswap limit should be larger than memory limit, see usage',
		],
		[{}, { NanoCpus: 1e9, CpuQuota: 1e5 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
	] as const) {
		const made = await engine.api('POST', '/v1.41/containers/create', {
			Image: busybox,
			...own,
			HostConfig: hostConfig,
		});
		expect([made.status, JSON.parse(made.text).message]).toEqual([400, says]);
	}
});

test('more processors than there are', async () => {
	const made = await engine.api('POST', '/v1.41/containers/create', { Image: busybox, HostConfig: { NanoCpus: 1e14 } });
	expect(made.status).toBe(400);
	expect(JSON.parse(made.text).message).toMatch(
		/^[Rr]ange of CPUs is from 0\.01 to (\d+)\.00, as there are only \1 CPUs available$/,
	);
});

test('published ports on the host’s network are discarded, with a warning', async () => {
	const hostConfig = { NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
	const made = await engine.api('POST', '/v1.41/containers/create', { Image: busybox, HostConfig: hostConfig });
	expect(JSON.parse(made.text).Warnings).toEqual(['Published ports are discarded when using host network mode']);
	await engine.ok('rm', JSON.parse(made.text).Id);
});
