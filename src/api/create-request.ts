import { type Decoded, flag, integer, list, map, nullable, object, text, words } from './decode.ts';

const size = integer(0);
const signed = integer();
const healthcheck = object({
	Test: list(text),
	Interval: signed,
	Timeout: signed,
	Retries: signed,
	StartPeriod: signed,
	StartInterval: signed,
});
const config = object({
	Hostname: text,
	Domainname: text,
	User: text,
	AttachStdin: flag,
	AttachStdout: flag,
	AttachStderr: flag,
	ExposedPorts: map(object({})),
	Tty: flag,
	OpenStdin: flag,
	StdinOnce: flag,
	Env: list(text),
	Cmd: nullable(words),
	Healthcheck: nullable(healthcheck),
	ArgsEscaped: flag,
	Image: text,
	Volumes: map(object({})),
	WorkingDir: text,
	Entrypoint: nullable(words),
	NetworkDisabled: flag,
	MacAddress: text,
	OnBuild: nullable(list(text)),
	Labels: map(text),
	StopSignal: text,
	StopTimeout: nullable(signed),
	Shell: nullable(words),
});
const mount = object({
	Target: text,
	Source: text,
	Type: text,
	ReadOnly: flag,
	Consistency: text,
	BindOptions: nullable(
		object({
			Propagation: text,
			NonRecursive: flag,
			CreateMountpoint: flag,
			ReadOnlyNonRecursive: flag,
			ReadOnlyForceRecursive: flag,
		}),
	),
	VolumeOptions: nullable(
		object({
			NoCopy: flag,
			Labels: map(text),
			DriverConfig: nullable(object({ Name: text, Options: map(text) })),
			Subpath: text,
		}),
	),
	ImageOptions: nullable(object({ Subpath: text })),
	TmpfsOptions: nullable(object({ SizeBytes: size, Mode: nullable(integer(0, 0o7777)), Options: list(list(text)) })),
});
const throttles = list(object({ Path: text, Rate: size }));
/** The limits, of a create as of an update. Source: Engine API 1.51, Resources. */
const resources = {
	CpuShares: size,
	Memory: signed,
	CgroupParent: text,
	BlkioWeight: integer(0, 65_535),
	BlkioWeightDevice: list(object({ Path: text, Weight: integer(0, 1000) })),
	BlkioDeviceReadBps: throttles,
	BlkioDeviceWriteBps: throttles,
	BlkioDeviceReadIOps: throttles,
	BlkioDeviceWriteIOps: throttles,
	CpuPeriod: signed,
	CpuQuota: signed,
	CpuRealtimePeriod: size,
	CpuRealtimeRuntime: signed,
	CpusetCpus: text,
	CpusetMems: text,
	Devices: list(object({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text })),
	DeviceCgroupRules: list(text),
	DeviceRequests: list(
		object({
			Driver: text,
			Count: signed,
			DeviceIDs: list(text),
			Capabilities: list(list(text)),
			Options: map(text),
		}),
	),
	KernelMemoryTCP: size,
	MemoryReservation: signed,
	MemorySwap: integer(-1),
	MemorySwappiness: nullable(signed),
	NanoCpus: signed,
	OomKillDisable: flag,
	Init: nullable(flag),
	PidsLimit: nullable(signed),
	Ulimits: list(object({ Name: text, Soft: integer(-1), Hard: integer(-1) })),
	CpuCount: signed,
	CpuPercent: signed,
	IOMaximumIOps: size,
	IOMaximumBandwidth: size,
};
const hostConfig = object({
	Binds: list(text),
	ContainerIDFile: text,
	LogConfig: object({ Type: text, Config: map(text) }),
	NetworkMode: text,
	PortBindings: map(nullable(list(object({ HostIp: text, HostPort: text })))),
	RestartPolicy: object({ Name: text, MaximumRetryCount: signed }),
	AutoRemove: flag,
	VolumeDriver: text,
	VolumesFrom: list(text),
	Mounts: list(mount),
	ConsoleSize: list(integer(0, 65_535)),
	Annotations: map(text),
	CapAdd: words,
	CapDrop: words,
	CgroupnsMode: text,
	Dns: list(text),
	DnsOptions: list(text),
	DnsSearch: list(text),
	ExtraHosts: list(text),
	GroupAdd: list(text),
	IpcMode: text,
	Cgroup: text,
	Links: list(text),
	OomScoreAdj: signed,
	PidMode: text,
	Privileged: flag,
	PublishAllPorts: flag,
	ReadonlyRootfs: flag,
	SecurityOpt: list(text),
	StorageOpt: map(text),
	Tmpfs: map(text),
	UTSMode: text,
	UsernsMode: text,
	ShmSize: signed,
	Sysctls: map(text),
	Runtime: text,
	Isolation: text,
	MaskedPaths: nullable(list(text)),
	ReadonlyPaths: nullable(list(text)),
	...resources,
});
const endpoint = object({
	IPAMConfig: nullable(object({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: list(text) })),
	Links: list(text),
	MacAddress: text,
	Aliases: list(text),
	DriverOpts: map(text),
	GwPriority: signed,
});

/** The body of `POST /containers/create`: the config's own fields with `HostConfig` and `NetworkingConfig` beside them. */
export const decodeCreateConfig = config;
export const decodeCreateHostConfig = object({ HostConfig: hostConfig });
/** The body of `POST /containers/{id}/update`. */
export const decodeUpdate = object({ ...resources, RestartPolicy: object({ Name: text, MaximumRetryCount: signed }) });
export const decodeNetworkingConfig = object({
	NetworkingConfig: object({ EndpointsConfig: map(nullable(endpoint)) }),
});

export type CreateConfig = Decoded<typeof config>;
export type UpdateBody = ReturnType<typeof decodeUpdate>;
export type CreateHostConfig = Decoded<typeof hostConfig>;
export type CreateMount = Decoded<typeof mount>;
export type CreateEndpoint = Decoded<typeof endpoint>;

/** The body of `POST /containers/{id}/exec`. */
export const decodeExecCreate = object({
	User: text,
	Privileged: flag,
	Tty: flag,
	ConsoleSize: list(integer(0, 65_535)),
	AttachStdin: flag,
	AttachStderr: flag,
	AttachStdout: flag,
	DetachKeys: text,
	Env: list(text),
	WorkingDir: text,
	Cmd: words,
});

/** The body of `POST /exec/{id}/start`. */
export const decodeExecStart = object({ Detach: flag, Tty: flag, ConsoleSize: list(integer(0, 65_535)) });

/** `X-Registry-Auth` and the body of `POST /auth`. */
export const decodeAuth = object({
	username: text,
	password: text,
	auth: text,
	email: text,
	serveraddress: text,
	identitytoken: text,
	registrytoken: text,
});
