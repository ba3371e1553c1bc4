import type { OciDevice, OciHooks } from './types.ts';

/** A namespace: of its own, the host's, or one that exists. */
export type NamespaceChoice =
	| { readonly kind: 'private' }
	| { readonly kind: 'host' }
	| { readonly kind: 'path'; readonly path: string };

/** A mount that the user asked for, or that the engine adds (`/etc/hosts` …). Applied in order of depth. */
export type SpecMount =
	| {
			readonly type: 'bind';
			readonly source: string;
			readonly target: string;
			readonly readOnly: boolean;
			/** With `readOnly`: what is mounted below it as well. */
			readonly recursiveReadOnly?: boolean;
			/** `rprivate` (also for `''`), `rslave`, `rshared` and their non-recursive twins. */
			readonly propagation: string;
			readonly nonRecursive: boolean;
	  }
	| {
			readonly type: 'tmpfs';
			readonly target: string;
			readonly readOnly: boolean;
			/** Bytes; 0: unlimited. */
			readonly size: number;
			readonly mode: number | null;
			/** Raw options; they win over the defaults `noexec,nosuid,nodev`. */
			readonly options: readonly string[];
	  };

/** Where /dev/shm comes from. `bind`: another container's or the host's. */
export type ShmChoice =
	| { readonly kind: 'private'; readonly size: number }
	| { readonly kind: 'bind'; readonly source: string }
	| { readonly kind: 'none' };

export type SeccompChoice =
	| { readonly kind: 'default' }
	| { readonly kind: 'unconfined' }
	| { readonly kind: 'profile'; readonly profile: unknown };

/** Limits in the units of the Engine API. 0 or `''` (pids also null): not set. */
export interface SpecResources {
	readonly memory: number;
	/** Memory plus swap; 0: twice the memory; -1: unlimited. */
	readonly memorySwap: number;
	readonly memoryReservation: number;
	readonly nanoCpus: number;
	readonly cpuShares: number;
	readonly cpuPeriod: number;
	readonly cpuQuota: number;
	readonly cpusetCpus: string;
	readonly cpusetMems: string;
	readonly blkioWeight: number;
	readonly pidsLimit: number | null;
	readonly oomKillDisable: boolean;
	readonly memorySwappiness?: number | null;
	readonly kernelMemoryTcp?: number;
	readonly cpuRealtimePeriod?: number;
	readonly cpuRealtimeRuntime?: number;
	readonly blkioWeightDevice?: readonly { readonly path: string; readonly weight: number }[];
	readonly blkioReadBps?: readonly SpecRate[];
	readonly blkioWriteBps?: readonly SpecRate[];
	readonly blkioReadIops?: readonly SpecRate[];
	readonly blkioWriteIops?: readonly SpecRate[];
}

/** A limit for a block device, by its path on the host. */
export interface SpecRate {
	readonly path: string;
	readonly rate: number;
}

/** A device node in the container, and what the cgroup allows with it: any of `r`, `w`, `m`. */
export interface SpecDevice extends OciDevice {
	readonly access: string;
}

/** What the host has and allows; see `readHostFacts`. */
export interface HostFacts {
	readonly architecture: string;
	readonly kernelRelease: string;
	readonly cgroupVersion: 1 | 2;
	/** The daemon's bounding set. */
	readonly capabilities: readonly string[];
	/** The daemon's own, and whether it may go below. */
	readonly oomScoreAdj: number;
	/** OCI name → hard limit; `Infinity` for none. */
	readonly hardLimits: Readonly<Record<string, number>>;
	readonly swapLimit: boolean;
	readonly blkioWeight: boolean;
	/** Numbers of a device of the host. @throws `not_found` as dockerd says it */
	readonly deviceNumbers: (path: string) => { readonly major: number; readonly minor: number };
}

/** A program that the runtime calls. Source: OCI runtime-spec, config.md, POSIX-platform Hooks. */
export interface SpecHook {
	readonly name: keyof OciHooks;
	readonly path: string;
	readonly args: readonly string[];
	readonly env: readonly string[];
	/** Seconds; null: none. */
	readonly timeout: number | null;
}

/** Everything that a container's OCI configuration depends on. */
export interface SpecInput {
	readonly args: readonly string[];
	/** Complete; see `defaultEnv`. */
	readonly env: readonly string[];
	readonly cwd: string;
	readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
	readonly tty: boolean;
	/** Rows, columns. */
	readonly consoleSize: readonly [number, number] | null;
	readonly hostname: string;
	readonly domainname: string;
	readonly rootfs: string;
	readonly readonlyRootfs: boolean;
	readonly mounts: readonly SpecMount[];
	readonly shm: ShmChoice;
	readonly privileged: boolean;
	readonly capAdd: readonly string[];
	readonly capDrop: readonly string[];
	readonly noNewPrivileges: boolean;
	readonly seccomp: SeccompChoice;
	readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
	/** Devices to add; for a privileged container all of the host's. See `findDevices` and `hostDevices`. */
	readonly devices: readonly SpecDevice[];
	/** Raw rules, `c 1:3 mr`. */
	readonly deviceCgroupRules: readonly string[];
	readonly resources: SpecResources;
	readonly namespaces: {
		readonly pid: NamespaceChoice;
		readonly ipc: NamespaceChoice;
		readonly uts: NamespaceChoice;
		readonly network: NamespaceChoice;
		readonly cgroup: NamespaceChoice;
	};
	readonly sysctls: Readonly<Record<string, string>>;
	readonly oomScoreAdj: number;
	/** null: the defaults; empty: none. */
	readonly maskedPaths: readonly string[] | null;
	readonly readonlyPaths: readonly string[] | null;
	readonly annotations: Readonly<Record<string, string>>;
	/** Programs of the host that the runtime calls at moments of the container's life. */
	readonly hooks?: readonly SpecHook[];
	/** Path on the host of an init program that is to be process 1. */
	readonly init: string | null;
	/** `/gantry/<id>`. */
	readonly cgroupPath: string;
}
