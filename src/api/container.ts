/** Wire types of the Docker Engine API: container. Source: Engine API 1.51, definitions. Every field may be absent on the wire. */
import type { OCIDescriptor } from './image.ts';
import type { EndpointSettings, NetworkSettings } from './network.ts';

export type ContainerConfig = {
	Hostname?: string | undefined;
	Domainname?: string | undefined;
	User?: string | undefined;
	AttachStdin?: boolean | undefined;
	AttachStdout?: boolean | undefined;
	AttachStderr?: boolean | undefined;
	ExposedPorts?: Record<string, Record<string, unknown>> | null | undefined;
	Tty?: boolean | undefined;
	OpenStdin?: boolean | undefined;
	StdinOnce?: boolean | undefined;
	Env?: string[] | null | undefined;
	Cmd?: string[] | null | undefined;
	Healthcheck?: HealthConfig | undefined;
	ArgsEscaped?: boolean | null | undefined;
	Image?: string | undefined;
	Volumes?: Record<string, Record<string, unknown>> | null | undefined;
	WorkingDir?: string | undefined;
	Entrypoint?: string[] | null | undefined;
	NetworkDisabled?: boolean | null | undefined;
	MacAddress?: string | null | undefined;
	OnBuild?: string[] | null | undefined;
	Labels?: Record<string, string> | null | undefined;
	StopSignal?: string | null | undefined;
	StopTimeout?: number | null | undefined;
	Shell?: string[] | null | undefined;
};

export type HealthConfig = {
	Test?: string[] | null | undefined;
	Interval?: number | undefined;
	Timeout?: number | undefined;
	Retries?: number | undefined;
	StartPeriod?: number | undefined;
	StartInterval?: number | undefined;
};

export type HostConfig = Resources & {
	Binds?: string[] | null | undefined;
	ContainerIDFile?: string | undefined;
	LogConfig?:
		| {
				Type?:
					| 'local'
					| 'json-file'
					| 'syslog'
					| 'journald'
					| 'gelf'
					| 'fluentd'
					| 'awslogs'
					| 'splunk'
					| 'etwlogs'
					| 'none'
					| undefined;
				Config?: Record<string, string> | null | undefined;
		  }
		| undefined;
	NetworkMode?: string | undefined;
	PortBindings?: PortMap | undefined;
	RestartPolicy?: RestartPolicy | undefined;
	AutoRemove?: boolean | undefined;
	VolumeDriver?: string | undefined;
	VolumesFrom?: string[] | null | undefined;
	Mounts?: MountSpec[] | null | undefined;
	ConsoleSize?: number[] | null | undefined;
	Annotations?: Record<string, string> | null | undefined;
	CapAdd?: string[] | null | undefined;
	CapDrop?: string[] | null | undefined;
	CgroupnsMode?: 'private' | 'host' | undefined;
	Dns?: string[] | null | undefined;
	DnsOptions?: string[] | null | undefined;
	DnsSearch?: string[] | null | undefined;
	ExtraHosts?: string[] | null | undefined;
	GroupAdd?: string[] | null | undefined;
	IpcMode?: string | undefined;
	Cgroup?: string | undefined;
	Links?: string[] | null | undefined;
	OomScoreAdj?: number | undefined;
	PidMode?: string | undefined;
	Privileged?: boolean | undefined;
	PublishAllPorts?: boolean | undefined;
	ReadonlyRootfs?: boolean | undefined;
	SecurityOpt?: string[] | null | undefined;
	StorageOpt?: Record<string, string> | null | undefined;
	Tmpfs?: Record<string, string> | null | undefined;
	UTSMode?: string | undefined;
	UsernsMode?: string | undefined;
	ShmSize?: number | undefined;
	Sysctls?: Record<string, string> | null | undefined;
	Runtime?: string | null | undefined;
	Isolation?: 'default' | 'process' | 'hyperv' | '' | undefined;
	MaskedPaths?: string[] | null | undefined;
	ReadonlyPaths?: string[] | null | undefined;
};

export type Resources = {
	CpuShares?: number | undefined;
	Memory?: number | undefined;
	CgroupParent?: string | undefined;
	BlkioWeight?: number | undefined;
	BlkioWeightDevice?:
		| {
				Path?: string | undefined;
				Weight?: number | undefined;
		  }[]
		| null
		| undefined;
	BlkioDeviceReadBps?: ThrottleDevice[] | null | undefined;
	BlkioDeviceWriteBps?: ThrottleDevice[] | null | undefined;
	BlkioDeviceReadIOps?: ThrottleDevice[] | null | undefined;
	BlkioDeviceWriteIOps?: ThrottleDevice[] | null | undefined;
	CpuPeriod?: number | undefined;
	CpuQuota?: number | undefined;
	CpuRealtimePeriod?: number | undefined;
	CpuRealtimeRuntime?: number | undefined;
	CpusetCpus?: string | undefined;
	CpusetMems?: string | undefined;
	Devices?: DeviceMapping[] | null | undefined;
	DeviceCgroupRules?: string[] | null | undefined;
	DeviceRequests?: DeviceRequest[] | null | undefined;
	KernelMemoryTCP?: number | undefined;
	MemoryReservation?: number | undefined;
	MemorySwap?: number | undefined;
	MemorySwappiness?: number | null | undefined;
	NanoCpus?: number | undefined;
	OomKillDisable?: boolean | undefined;
	Init?: boolean | null | undefined;
	PidsLimit?: number | null | undefined;
	Ulimits?:
		| {
				Name?: string | undefined;
				Soft?: number | undefined;
				Hard?: number | undefined;
		  }[]
		| null
		| undefined;
	CpuCount?: number | undefined;
	CpuPercent?: number | undefined;
	IOMaximumIOps?: number | undefined;
	IOMaximumBandwidth?: number | undefined;
};

export type RestartPolicy = {
	Name?: '' | 'no' | 'always' | 'unless-stopped' | 'on-failure' | undefined;
	MaximumRetryCount?: number | undefined;
};

export type DeviceMapping = {
	PathOnHost?: string | undefined;
	PathInContainer?: string | undefined;
	CgroupPermissions?: string | undefined;
};

export type DeviceRequest = {
	Driver?: string | undefined;
	Count?: number | undefined;
	DeviceIDs?: string[] | null | undefined;
	Capabilities?: string[][] | null | undefined;
	Options?: Record<string, string> | null | undefined;
};

export type ThrottleDevice = {
	Path?: string | undefined;
	Rate?: number | undefined;
};

export type MountSpec = {
	Target?: string | undefined;
	Source?: string | undefined;
	Type?: 'bind' | 'volume' | 'image' | 'tmpfs' | 'npipe' | 'cluster' | undefined;
	ReadOnly?: boolean | undefined;
	Consistency?: string | undefined;
	BindOptions?:
		| {
				Propagation?: 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave' | undefined;
				NonRecursive?: boolean | undefined;
				CreateMountpoint?: boolean | undefined;
				ReadOnlyNonRecursive?: boolean | undefined;
				ReadOnlyForceRecursive?: boolean | undefined;
		  }
		| undefined;
	VolumeOptions?:
		| {
				NoCopy?: boolean | undefined;
				Labels?: Record<string, string> | null | undefined;
				DriverConfig?:
					| {
							Name?: string | undefined;
							Options?: Record<string, string> | null | undefined;
					  }
					| undefined;
				Subpath?: string | undefined;
		  }
		| undefined;
	ImageOptions?:
		| {
				Subpath?: string | undefined;
		  }
		| undefined;
	TmpfsOptions?:
		| {
				SizeBytes?: number | undefined;
				Mode?: number | undefined;
				Options?: string[][] | null | undefined;
		  }
		| undefined;
};

export type PortMap = Record<string, PortBinding[] | null>;

export type PortBinding = {
	HostIp?: string | undefined;
	HostPort?: string | undefined;
};

export type NetworkingConfig = {
	EndpointsConfig?: Record<string, EndpointSettings> | null | undefined;
};

export type ContainerCreateResponse = {
	Id?: string | undefined;
	Warnings?: string[] | null | undefined;
};

export type ContainerInspectResponse = {
	Id?: string | undefined;
	Created?: string | null | undefined;
	Path?: string | undefined;
	Args?: string[] | null | undefined;
	State?: ContainerState | null | undefined;
	Image?: string | undefined;
	ResolvConfPath?: string | undefined;
	HostnamePath?: string | undefined;
	HostsPath?: string | undefined;
	LogPath?: string | null | undefined;
	Name?: string | undefined;
	RestartCount?: number | undefined;
	Driver?: string | undefined;
	Platform?: string | undefined;
	ImageManifestDescriptor?: OCIDescriptor | undefined;
	MountLabel?: string | undefined;
	ProcessLabel?: string | undefined;
	AppArmorProfile?: string | undefined;
	ExecIDs?: string[] | null | undefined;
	HostConfig?: HostConfig | undefined;
	GraphDriver?: DriverData | undefined;
	SizeRw?: number | null | undefined;
	SizeRootFs?: number | null | undefined;
	Mounts?: MountPoint[] | null | undefined;
	Config?: ContainerConfig | undefined;
	NetworkSettings?: NetworkSettings | undefined;
};

export type ContainerState = {
	Status?: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead' | undefined;
	Running?: boolean | undefined;
	Paused?: boolean | undefined;
	Restarting?: boolean | undefined;
	OOMKilled?: boolean | undefined;
	Dead?: boolean | undefined;
	Pid?: number | undefined;
	ExitCode?: number | undefined;
	Error?: string | undefined;
	StartedAt?: string | undefined;
	FinishedAt?: string | undefined;
	Health?: Health | null | undefined;
};

export type Health = {
	Status?: 'none' | 'starting' | 'healthy' | 'unhealthy' | undefined;
	FailingStreak?: number | undefined;
	Log?: HealthcheckResult[] | null | undefined;
};

export type HealthcheckResult = {
	Start?: string | undefined;
	End?: string | undefined;
	ExitCode?: number | undefined;
	Output?: string | undefined;
};

export type MountPoint = {
	Type?: 'bind' | 'volume' | 'image' | 'tmpfs' | 'npipe' | 'cluster' | undefined;
	Name?: string | undefined;
	Source?: string | undefined;
	Destination?: string | undefined;
	Driver?: string | undefined;
	Mode?: string | undefined;
	RW?: boolean | undefined;
	Propagation?: string | undefined;
};

export type Port = {
	IP?: string | undefined;
	PrivatePort?: number | undefined;
	PublicPort?: number | undefined;
	Type?: 'tcp' | 'udp' | 'sctp' | undefined;
};

export type ContainerSummary = {
	Id?: string | undefined;
	Names?: string[] | null | undefined;
	Image?: string | undefined;
	ImageID?: string | undefined;
	ImageManifestDescriptor?: OCIDescriptor | null | undefined;
	Command?: string | undefined;
	Created?: number | undefined;
	Ports?: Port[] | null | undefined;
	SizeRw?: number | null | undefined;
	SizeRootFs?: number | null | undefined;
	Labels?: Record<string, string> | null | undefined;
	State?: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead' | undefined;
	Status?: string | undefined;
	HostConfig?:
		| {
				NetworkMode?: string | undefined;
				Annotations?: Record<string, string> | null | undefined;
		  }
		| undefined;
	NetworkSettings?:
		| {
				Networks?: Record<string, EndpointSettings> | null | undefined;
		  }
		| undefined;
	Mounts?: MountPoint[] | null | undefined;
};

export type DriverData = {
	Name?: string | undefined;
	Data?: Record<string, string> | null | undefined;
};

export type ContainerWaitResponse = {
	StatusCode?: number | undefined;
	Error?: ContainerWaitExitError | undefined;
};

export type ContainerWaitExitError = {
	Message?: string | undefined;
};

export type ContainerTopResponse = {
	Titles?: string[] | null | undefined;
	Processes?: string[][] | null | undefined;
};

export type ContainerUpdateResponse = {
	Warnings?: string[] | null | undefined;
};

export type FilesystemChange = {
	Path?: string | undefined;
	Kind?: ChangeType | undefined;
};

export type ChangeType = number;

export type ProcessConfig = {
	privileged?: boolean | undefined;
	user?: string | undefined;
	tty?: boolean | undefined;
	entrypoint?: string | undefined;
	arguments?: string[] | null | undefined;
};

export type Limit = {
	NanoCPUs?: number | undefined;
	MemoryBytes?: number | undefined;
	Pids?: number | undefined;
};
