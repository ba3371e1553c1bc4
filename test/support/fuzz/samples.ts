import { busybox } from '../daemon.ts';

/** A body with every field of its type at a valid value. */
export interface Sample {
	readonly method: 'POST' | 'PUT';
	/** `{id}` is a running container, `{exec}` an exec of it that was not started. */
	readonly path: string;
	readonly body: Readonly<Record<string, unknown>>;
}

const resources = {
	CpuShares: 512,
	Memory: 64 << 20,
	CgroupParent: '/fuzz',
	BlkioWeight: 100,
	BlkioWeightDevice: [{ Path: '/dev/null', Weight: 100 }],
	BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1000 }],
	BlkioDeviceWriteBps: [{ Path: '/dev/null', Rate: 1000 }],
	BlkioDeviceReadIOps: [{ Path: '/dev/null', Rate: 1000 }],
	BlkioDeviceWriteIOps: [{ Path: '/dev/null', Rate: 1000 }],
	CpuPeriod: 100_000,
	CpuQuota: 50_000,
	CpuRealtimePeriod: 0,
	CpuRealtimeRuntime: 0,
	CpusetCpus: '0',
	CpusetMems: '0',
	MemoryReservation: 32 << 20,
	MemorySwap: 128 << 20,
	NanoCpus: 0,
	PidsLimit: 100,
};

const create = {
	Image: busybox,
	Hostname: 'fuzz',
	Domainname: 'dom',
	User: '0',
	AttachStdin: false,
	AttachStdout: true,
	AttachStderr: true,
	ExposedPorts: { '80/tcp': {} },
	Tty: false,
	OpenStdin: false,
	StdinOnce: false,
	Env: ['A=b'],
	Cmd: ['true'],
	Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9, Timeout: 1e9, Retries: 1, StartPeriod: 1e9, StartInterval: 1e9 },
	ArgsEscaped: false,
	Volumes: { '/v': {} },
	WorkingDir: '/tmp',
	Entrypoint: ['env'],
	NetworkDisabled: false,
	MacAddress: '',
	OnBuild: [],
	Labels: { a: 'b' },
	StopSignal: 'SIGTERM',
	StopTimeout: 1,
	Shell: ['sh'],
	HostConfig: {
		...resources,
		Binds: ['fuzzed:/b'],
		ContainerIDFile: '',
		LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
		NetworkMode: 'bridge',
		PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] },
		RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 },
		AutoRemove: false,
		VolumeDriver: 'local',
		VolumesFrom: [],
		Mounts: [
			{
				Target: '/m',
				Source: 'fuzzed-too',
				Type: 'volume',
				ReadOnly: true,
				Consistency: 'default',
				VolumeOptions: { NoCopy: true, Labels: { a: 'b' }, DriverConfig: { Name: 'local', Options: {} }, Subpath: '' },
			},
			{
				Target: '/n',
				Source: '/tmp',
				Type: 'bind',
				BindOptions: { Propagation: 'rprivate', NonRecursive: false, CreateMountpoint: false },
			},
			{ Target: '/o', Type: 'tmpfs', TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o700 } },
		],
		ConsoleSize: [24, 80],
		Annotations: { a: 'b' },
		CapAdd: ['CHOWN'],
		CapDrop: ['MKNOD'],
		CgroupnsMode: 'private',
		Dns: ['1.1.1.1'],
		DnsOptions: ['ndots:2'],
		DnsSearch: ['example.com'],
		ExtraHosts: ['a:1.2.3.4'],
		GroupAdd: ['5'],
		IpcMode: 'private',
		Cgroup: '',
		Links: [],
		OomScoreAdj: 100,
		PidMode: '',
		Privileged: false,
		PublishAllPorts: false,
		ReadonlyRootfs: true,
		SecurityOpt: ['no-new-privileges'],
		StorageOpt: {},
		Tmpfs: { '/t': 'size=1m' },
		UTSMode: '',
		UsernsMode: '',
		ShmSize: 1 << 20,
		Sysctls: { 'net.ipv4.ip_forward': '1' },
		Runtime: '',
		Isolation: '',
		MaskedPaths: ['/proc/kcore'],
		ReadonlyPaths: ['/proc/sys'],
		Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/n', CgroupPermissions: 'r' }],
		DeviceCgroupRules: ['c 1:3 r'],
		DeviceRequests: [{ Driver: 'cdi', Count: 0, DeviceIDs: [], Capabilities: [['gpu']], Options: { a: 'b' } }],
		MemorySwappiness: -1,
		OomKillDisable: false,
		Init: false,
		Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
	},
	NetworkingConfig: {
		EndpointsConfig: {
			bridge: {
				IPAMConfig: { IPv4Address: '', IPv6Address: '', LinkLocalIPs: [] },
				Links: [],
				MacAddress: '',
				Aliases: [],
				DriverOpts: {},
				GwPriority: 0,
			},
		},
	},
};

/** The bodies of all operations that read JSON. */
export const samples: readonly Sample[] = [
	{ method: 'POST', path: '/containers/create', body: create },
	{
		method: 'POST',
		path: '/containers/{id}/update',
		body: { ...resources, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } },
	},
	{
		method: 'POST',
		path: '/containers/{id}/exec',
		body: {
			User: '0',
			Privileged: false,
			Tty: false,
			ConsoleSize: [24, 80],
			AttachStdin: false,
			AttachStderr: true,
			AttachStdout: true,
			DetachKeys: 'ctrl-a',
			Env: ['A=b'],
			WorkingDir: '/',
			Cmd: ['true'],
		},
	},
	{ method: 'POST', path: '/exec/{exec}/start', body: { Detach: true, Tty: false, ConsoleSize: [24, 80] } },
	{
		method: 'POST',
		path: '/volumes/create',
		body: { Name: 'fuzz', Driver: 'local', DriverOpts: {}, Labels: { a: 'b' } },
	},
	{
		method: 'POST',
		path: '/commit?container={id}',
		body: {
			User: '0',
			Env: ['A=b'],
			Cmd: ['true'],
			Labels: { a: 'b' },
			ExposedPorts: { '80/tcp': {} },
			WorkingDir: '/',
		},
	},
	{
		method: 'POST',
		path: '/auth',
		body: { username: 'u', password: 'p', email: '', serveraddress: '127.0.0.1:1', identitytoken: '' },
	},
];

/** A place in a sample, with what is there. */
export interface Place {
	readonly path: readonly (string | number)[];
	readonly value: unknown;
}

/** Every place in a sample: fields, entries of lists and values of maps, at any depth. */
export function placesIn(value: unknown, path: readonly (string | number)[] = []): Place[] {
	const own = path.length === 0 ? [] : [{ path, value }];
	if (typeof value !== 'object' || value === null) return own;
	const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
	return [...own, ...entries.flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

/** The sample with another value in one place. */
export function replaced(value: unknown, path: readonly (string | number)[], other: unknown): unknown {
	const [key, ...rest] = path;
	if (key === undefined) return other;
	if (Array.isArray(value)) return value.map((inner, index) => (index === key ? replaced(inner, rest, other) : inner));
	const object = value as Readonly<Record<string, unknown>>;
	return { ...object, [key]: replaced(object[key], rest, other) };
}

/** A place as an error names it: `HostConfig.Ulimits[0].Soft`. Keys of maps come in quotes. */
export function nameOf(path: readonly (string | number)[]): RegExp {
	const last = path.findLast((part): part is string => typeof part === 'string' && /^[A-Z]/i.test(part)) ?? '';
	return new RegExp(last.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}
