/** What the daemon knows of itself and its host; for `info` and `version`. */
export interface SystemFacts {
	readonly id: string;
	readonly name: string;
	readonly version: string;
	readonly gitCommit: string;
	readonly buildTime: string;
	readonly startedAt: string;
	readonly kernelVersion: string;
	readonly operatingSystem: string;
	readonly osVersion: string;
	/** Docker's word for the machine: `x86_64`, `aarch64`. */
	readonly machine: string;
	/** Go's word for it: `amd64`, `arm64`. */
	readonly architecture: string;
	readonly cpus: number;
	/** Bytes. */
	readonly memory: number;
	readonly cgroupVersion: '1' | '2';
	readonly cgroupDriver: 'cgroupfs';
	/** Controllers that limits can be set with. */
	readonly controllers: ReadonlySet<string>;
	readonly swapLimit: boolean;
	readonly securityOptions: readonly string[];
	readonly runtimes: ReadonlyMap<string, { readonly path: string; readonly args: readonly string[] }>;
	readonly defaultRuntime: string;
	readonly runtimeVersion: string;
	readonly dataRoot: string;
	readonly labels: readonly string[];
	readonly debug: boolean;
	readonly bridgeNfIptables: boolean;
	readonly ipv4Forwarding: boolean;
	readonly insecureRegistries: readonly string[];
	readonly registryMirrors: readonly string[];
}

/** Numbers that change while the daemon runs. */
export interface SystemCounters {
	readonly fileDescriptors: number;
	readonly eventListeners: number;
}

/** Reading the system. */
export interface System {
	facts(): SystemFacts;
	counters(): SystemCounters;
}
