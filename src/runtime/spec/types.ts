/** The parts of an OCI runtime configuration that this engine writes. Source: OCI runtime-spec 1.0, config.md and config-linux.md. */
export interface OciSpec {
	readonly ociVersion: string;
	readonly process: OciProcess;
	readonly root: { readonly path: string; readonly readonly: boolean };
	readonly hostname?: string;
	readonly mounts: readonly OciMount[];
	readonly annotations?: Readonly<Record<string, string>>;
	readonly hooks?: OciHooks;
	readonly linux: OciLinux;
}

export interface OciHook {
	readonly path: string;
	readonly args?: readonly string[];
	readonly env?: readonly string[];
	readonly timeout?: number;
}

export interface OciHooks {
	prestart?: OciHook[];
	createRuntime?: OciHook[];
	createContainer?: OciHook[];
	startContainer?: OciHook[];
	poststart?: OciHook[];
	poststop?: OciHook[];
}

/** What runs, and with which rights. Also the document of an exec. */
export interface OciProcess {
	readonly terminal: boolean;
	readonly consoleSize?: { readonly height: number; readonly width: number };
	readonly user: OciUser;
	readonly args: readonly string[];
	readonly env: readonly string[];
	readonly cwd: string;
	readonly capabilities: OciCapabilities;
	readonly rlimits?: readonly OciRlimit[];
	readonly noNewPrivileges: boolean;
	readonly oomScoreAdj?: number;
}

export interface OciUser {
	readonly uid: number;
	readonly gid: number;
	readonly additionalGids?: readonly number[];
}

export interface OciCapabilities {
	readonly bounding: readonly string[];
	readonly effective: readonly string[];
	readonly permitted: readonly string[];
	readonly inheritable: readonly string[];
	readonly ambient: readonly string[];
}

export interface OciRlimit {
	readonly type: string;
	readonly soft: number;
	readonly hard: number;
}

export interface OciMount {
	readonly destination: string;
	readonly type: string;
	readonly source: string;
	readonly options: readonly string[];
}

export interface OciLinux {
	readonly namespaces: readonly OciNamespace[];
	readonly cgroupsPath: string;
	readonly resources: OciResources;
	readonly devices: readonly OciDevice[];
	readonly seccomp?: OciSeccomp;
	readonly sysctl?: Readonly<Record<string, string>>;
	readonly maskedPaths: readonly string[];
	readonly readonlyPaths: readonly string[];
	readonly rootfsPropagation?: string;
}

export interface OciNamespace {
	readonly type: 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup';
	readonly path?: string;
}

export interface OciResources {
	readonly devices: readonly OciDeviceRule[];
	readonly memory?: {
		readonly limit?: number;
		readonly reservation?: number;
		readonly swap?: number;
		readonly swappiness?: number;
		readonly kernelTCP?: number;
		readonly disableOOMKiller?: boolean;
	};
	readonly cpu?: {
		readonly shares?: number;
		readonly quota?: number;
		readonly period?: number;
		readonly realtimePeriod?: number;
		readonly realtimeRuntime?: number;
		readonly cpus?: string;
		readonly mems?: string;
	};
	readonly pids?: { readonly limit: number };
	readonly blockIO?: {
		readonly weight?: number;
		readonly weightDevice?: readonly { readonly major: number; readonly minor: number; readonly weight: number }[];
		readonly throttleReadBpsDevice?: readonly OciThrottle[];
		readonly throttleWriteBpsDevice?: readonly OciThrottle[];
		readonly throttleReadIOPSDevice?: readonly OciThrottle[];
		readonly throttleWriteIOPSDevice?: readonly OciThrottle[];
	};
}

export interface OciThrottle {
	readonly major: number;
	readonly minor: number;
	readonly rate: number;
}

export interface OciDeviceRule {
	readonly allow: boolean;
	readonly type?: 'a' | 'b' | 'c';
	readonly major?: number;
	readonly minor?: number;
	readonly access: string;
}

export interface OciDevice {
	readonly path: string;
	readonly type: 'b' | 'c';
	readonly major: number;
	readonly minor: number;
	readonly fileMode: number;
	readonly uid: number;
	readonly gid: number;
}

export interface OciSeccomp {
	readonly defaultAction: string;
	readonly defaultErrnoRet?: number;
	readonly architectures: readonly string[];
	readonly syscalls: readonly OciSyscallRule[];
}

export interface OciSyscallRule {
	readonly names: readonly string[];
	readonly action: string;
	readonly errnoRet?: number;
	readonly args?: readonly {
		readonly index: number;
		readonly value: number;
		readonly valueTwo?: number;
		readonly op: string;
	}[];
}
