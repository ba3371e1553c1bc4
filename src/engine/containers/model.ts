import type { Digest } from '../../oci/digest.ts';
import type { Healthcheck } from '../../oci/types.ts';

/** What runs in a container and how it presents itself (Docker's `Config`). Fields mean what the Engine API says of their namesakes. */
export interface ContainerConfig {
	readonly hostname: string;
	readonly domainname: string;
	readonly user: string;
	readonly attachStdin: boolean;
	readonly attachStdout: boolean;
	readonly attachStderr: boolean;
	/** `80/tcp`, `53/udp` … */
	readonly exposedPorts: readonly string[];
	readonly tty: boolean;
	readonly openStdin: boolean;
	readonly stdinOnce: boolean;
	/** `NAME=value`; merged with the image's at create. */
	readonly env: readonly string[];
	/** null: not given, neither by the user nor by the image. */
	readonly cmd: readonly string[] | null;
	readonly entrypoint: readonly string[] | null;
	/** The image as the user named it. */
	readonly image: string;
	/** Mount points of anonymous volumes. */
	readonly volumes: readonly string[];
	readonly workingDir: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly stopSignal: string | null;
	/** Seconds; null: the engine's default of 10. */
	readonly stopTimeout: number | null;
	readonly healthcheck: Healthcheck | null;
	readonly shell: readonly string[] | null;
	readonly onBuild: readonly string[] | null;
	readonly networkDisabled: boolean;
	readonly argsEscaped: boolean;
}

/** One published port as asked for. `hostPort` `''`: any free one; `8000-8010`: the first free one of a range. */
export interface PortBinding {
	readonly hostIp: string;
	readonly hostPort: string;
}

/** `80/tcp` → bindings. An empty list means exposed only. */
export type PortBindings = Readonly<Record<string, readonly PortBinding[]>>;

/** A restart policy. `maximumRetryCount` only counts for `on-failure`; 0 there means no limit. */
export interface RestartPolicy {
	readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
	readonly maximumRetryCount: number;
}

/** Which part of a create request asked for a mount: inspect shows it there again. `config`: `Config.Volumes`. */
export type MountOrigin = 'binds' | 'mounts' | 'tmpfs' | 'config';

/** A mount as asked for. */
export interface MountRequest {
	readonly origin: MountOrigin;
	readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
	/** Host path (bind), volume name (volume; `''`: anonymous) or image reference. */
	readonly source: string;
	readonly target: string;
	readonly readOnly: boolean;
	/** Kept for inspect; means nothing on Linux. */
	readonly consistency: string;
	/** Bind only: make the source directory when missing (`-v` does, `--mount` does not). */
	readonly createSource: boolean;
	/** Bind only: `rprivate`, `rslave`, `rshared` and their non-recursive twins. */
	readonly propagation: string;
	readonly nonRecursive: boolean;
	/** Bind only: mounts below the source stay writable in a read-only mount. */
	readonly readOnlyNonRecursive: boolean;
	/** Bind only: fail where mounts below the source cannot be made read-only as well. */
	readonly readOnlyForceRecursive: boolean;
	/** Tmpfs only, bytes; 0: unlimited. */
	readonly tmpfsSize: number;
	/** Tmpfs only: mode bits. */
	readonly tmpfsMode: number | null;
	/** Tmpfs only: further raw options such as `noexec`. */
	readonly tmpfsOptions: readonly string[];
	/** Volume only: do not copy the image's content into it. */
	readonly noCopy: boolean;
	/** Volume only, for one that is made now: its driver (`''`: `local`), the driver's options, its labels. */
	readonly driver: string;
	readonly driverOptions: Readonly<Record<string, string>>;
	readonly labels: Readonly<Record<string, string>>;
	/** Volume and image: what of it is mounted; `''`: all. */
	readonly subpath: string;
	/** What the user wrote in `-v`, for `HostConfig.Binds`; null when it came from elsewhere. */
	readonly bindSpec: string | null;
}

export interface Ulimit {
	readonly name: string;
	readonly soft: number;
	readonly hard: number;
}

export interface DeviceMapping {
	readonly pathOnHost: string;
	readonly pathInContainer: string;
	/** Any of `r`, `w`, `m`. */
	readonly cgroupPermissions: string;
}

/** A limit for one block device of the host, by its path: bytes or operations a second. */
export interface DeviceRate {
	readonly path: string;
	readonly rate: number;
}

/** Devices that a driver is to find: with `cdi`, by their qualified names. */
export interface DeviceRequest {
	readonly driver: string;
	/** -1: all. */
	readonly count: number;
	readonly deviceIds: readonly string[];
	readonly capabilities: readonly (readonly string[])[];
	readonly options: Readonly<Record<string, string>>;
}

/** Resource limits. 0, `''` or absent means not set. Memory in bytes; CPU times in microseconds. */
export interface ResourceLimits {
	readonly memory: number;
	/** Memory plus swap; -1: unlimited swap. */
	readonly memorySwap: number;
	readonly memoryReservation: number;
	/** 10⁻⁹ CPUs. */
	readonly nanoCpus: number;
	readonly cpuShares: number;
	readonly cpuPeriod: number;
	readonly cpuQuota: number;
	readonly cpusetCpus: string;
	readonly cpusetMems: string;
	readonly blkioWeight: number;
	/** 0 or null: not set; -1: unlimited. */
	readonly pidsLimit: number | null;
	readonly oomKillDisable: boolean;
	/** 0 to 100; null: the parent's. */
	readonly memorySwappiness?: number | null;
	/** Bytes of TCP buffers, cgroup v1. */
	readonly kernelMemoryTcp?: number;
	readonly cpuRealtimePeriod?: number;
	readonly cpuRealtimeRuntime?: number;
	readonly blkioWeightDevice?: readonly { readonly path: string; readonly weight: number }[];
	readonly blkioReadBps?: readonly DeviceRate[];
	readonly blkioWriteBps?: readonly DeviceRate[];
	readonly blkioReadIops?: readonly DeviceRate[];
	readonly blkioWriteIops?: readonly DeviceRate[];
	/** Limits of Windows: the first is kept, the others are refused or dropped. */
	readonly cpuCount?: number;
	readonly cpuPercent?: number;
	readonly ioMaximumIops?: number;
	readonly ioMaximumBandwidth?: number;
}

/** How the host runs a container (Docker's `HostConfig`). */
export interface HostConfig {
	readonly mounts: readonly MountRequest[];
	/** `CONTAINER[:MODE]`: mounts of other containers that this one gets too. */
	readonly volumesFrom: readonly string[];
	/** `CONTAINER[:ALIAS]`, as asked for. See {@link Container.links}. */
	readonly links: readonly string[];
	readonly resources: ResourceLimits;
	readonly ulimits: readonly Ulimit[];
	readonly devices: readonly DeviceMapping[];
	/** `c 10:* rw`. */
	readonly deviceCgroupRules?: readonly string[];
	readonly deviceRequests?: readonly DeviceRequest[];
	/** Driver and its options, e.g. `json-file` with `max-size`. */
	readonly logDriver: string;
	readonly logOptions: Readonly<Record<string, string>>;
	/** `default`, `bridge`, `none`, `host`, `container:ID` or a network's name or id. */
	readonly networkMode: string;
	readonly portBindings: PortBindings;
	readonly publishAllPorts: boolean;
	readonly restartPolicy: RestartPolicy;
	readonly autoRemove: boolean;
	readonly capAdd: readonly string[];
	readonly capDrop: readonly string[];
	readonly privileged: boolean;
	readonly readonlyRootfs: boolean;
	readonly dns: readonly string[];
	readonly dnsOptions: readonly string[];
	readonly dnsSearch: readonly string[];
	/** `name:address`. */
	readonly extraHosts: readonly string[];
	readonly groupAdd: readonly string[];
	readonly ipcMode: string;
	readonly pidMode: string;
	readonly utsMode: string;
	readonly cgroupnsMode: string;
	readonly usernsMode: string;
	readonly cgroupParent: string;
	readonly securityOpt: readonly string[];
	/** Bytes. */
	readonly shmSize: number;
	readonly sysctls: Readonly<Record<string, string>>;
	readonly runtime: string;
	/** null: as the daemon is set. */
	readonly init: boolean | null;
	readonly oomScoreAdj: number;
	/** null: the defaults; empty: none. */
	readonly maskedPaths: readonly string[] | null;
	readonly readonlyPaths: readonly string[] | null;
	readonly annotations: Readonly<Record<string, string>>;
	readonly containerIdFile: string;
	/** Rows, columns of the client's terminal at create. */
	readonly consoleSize: readonly [number, number];
	/** The fields of the wire's HostConfig that the engine does not act on, kept for inspect (all at their zero value). */
	readonly volumeDriver: string;
}

/** One endpoint that a container wants in a network. */
export interface EndpointRequest {
	readonly aliases: readonly string[];
	readonly ipv4: string;
	readonly ipv6: string;
	readonly macAddress: string;
	readonly driverOpts: Readonly<Record<string, string>>;
}

/** A container's endpoint as it is, or was, in a network. Addresses `''` when stopped. */
export interface Endpoint {
	readonly networkId: string;
	readonly networkName: string;
	readonly endpointId: string;
	readonly ipv4: string;
	readonly prefixLength: number;
	readonly gateway: string;
	readonly macAddress: string;
	readonly request: EndpointRequest;
}

/** A port that is published right now. */
export interface PublishedPort {
	readonly containerPort: number;
	readonly protocol: 'tcp' | 'udp' | 'sctp';
	readonly hostIp: string;
	readonly hostPort: number;
}

/** Where a container is in its life. See docs/container-life-cycle.md. Times are RFC 3339 with nanoseconds. */
export type ContainerState =
	| { readonly at: 'created'; readonly error?: string; readonly code?: number }
	| { readonly at: 'running'; readonly pid: number; readonly startedAt: string; readonly oomKilled?: boolean }
	| { readonly at: 'paused'; readonly pid: number; readonly startedAt: string; readonly oomKilled?: boolean }
	| {
			readonly at: 'exited';
			readonly code: number;
			readonly startedAt: string;
			readonly finishedAt: string;
			readonly oomKilled: boolean;
			readonly error?: string;
			/** Set while the restart policy is about to start it again. */
			readonly restarting?: boolean;
	  }
	/** Also after a removal that failed half-way: the next one, or the next boot, goes on. */
	| { readonly at: 'removing' };

/** A mount as it is in the container, resolved at create. Docker's MountPoint. */
export interface MountPoint {
	readonly type: MountRequest['type'];
	readonly name: string;
	readonly source: string;
	readonly destination: string;
	readonly driver: string;
	readonly mode: string;
	readonly rw: boolean;
	readonly propagation: string;
	/** What it stems from; with `volumesFrom`, another container's. */
	readonly request: MountRequest;
	/** The volume gets the image's content when it is empty. */
	readonly copyUp: boolean;
	/** Image only: which, and the snapshot it is mounted from. */
	readonly image: { readonly id: Digest; readonly snapshot: string } | null;
}

/** Another container that this one knows by an alias, and whose address and environment it learns. */
export interface Link {
	readonly containerId: string;
	readonly alias: string;
}

/** A container as it is recorded. */
export interface Container {
	/** 64 hex digits. */
	readonly id: string;
	/** Without the leading slash. */
	readonly name: string;
	readonly createdAt: string;
	readonly imageId: Digest;
	/** The topmost layer's chain id; null for an image without layers. */
	readonly imageChainId: Digest | null;
	readonly platform: string;
	readonly config: ContainerConfig;
	readonly hostConfig: HostConfig;
	/** Path and args of the process: entrypoint + cmd. */
	readonly path: string;
	readonly args: readonly string[];
	readonly mountPoints: readonly MountPoint[];
	readonly links: readonly Link[];
	/** Network name → what was asked for at create (or by connect). */
	readonly endpointRequests: Readonly<Record<string, EndpointRequest>>;
	/** Endpoints of the current run, or the empty ones that are to be made at start. */
	readonly endpoints: readonly Endpoint[];
	readonly ports: readonly PublishedPort[];
	readonly state: ContainerState;
	readonly restartCount: number;
	/** The user stopped it: `unless-stopped` and `on-failure` leave it alone. */
	readonly manuallyStopped: boolean;
	readonly hasBeenStarted: boolean;
}

/** An exec session. */
export interface ExecSession {
	readonly id: string;
	readonly containerId: string;
	readonly process: ExecProcess;
	readonly state:
		| { readonly at: 'created' }
		| { readonly at: 'running'; readonly pid: number }
		| { readonly at: 'exited'; readonly code: number; readonly pid: number };
}

/** What an exec runs. */
export interface ExecProcess {
	readonly cmd: readonly string[];
	readonly env: readonly string[];
	readonly user: string;
	readonly workingDir: string;
	readonly tty: boolean;
	readonly privileged: boolean;
	readonly attachStdin: boolean;
	readonly attachStdout: boolean;
	readonly attachStderr: boolean;
	readonly detachKeys: string;
	readonly consoleSize: readonly [number, number] | null;
}
