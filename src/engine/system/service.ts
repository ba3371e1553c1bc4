import type { ProgramFacts } from '../../runtime/features.ts';
import type { CgroupFacts } from './cgroup-facts.ts';

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
	readonly cgroups: CgroupFacts;
	readonly cgroupDriver: 'cgroupfs';
	/** How layers are stored: names and values. */
	readonly storage: readonly (readonly [string, string])[];
	readonly securityOptions: readonly string[];
	/** Containers get a cgroup namespace of their own unless they say otherwise. */
	readonly privateCgroupns: boolean;
	readonly runtimes: ReadonlyMap<string, RuntimeFacts>;
	readonly defaultRuntime: string;
	readonly dataRoot: string;
	readonly labels: readonly string[];
	readonly debug: boolean;
	readonly ipv4Forwarding: boolean;
	readonly insecureRegistries: readonly string[];
	readonly registryMirrors: readonly string[];
	readonly cdiSpecDirs: readonly string[];
	readonly logDrivers: readonly string[];
	readonly loggingDriver: string;
	readonly networkDrivers: readonly string[];
	/** TCP addresses that serve whoever reaches them: without encryption, or without checking clients. */
	readonly openApis: readonly { readonly address: string; readonly encrypted: boolean }[];
	/** The daemon's own, without credentials; '' for none. */
	readonly proxies: { readonly http: string; readonly https: string; readonly none: string };
}

/** An OCI runtime. */
export interface RuntimeFacts {
	readonly path: string;
	readonly args: readonly string[];
	readonly version: string;
	readonly commit: string;
}

/** Numbers that change while the daemon runs. */
export interface SystemCounters {
	readonly fileDescriptors: number;
	readonly eventListeners: number;
	readonly threads: number;
}

export type { ProgramFacts };

/** Reading the system. */
export interface System {
	facts(): SystemFacts;
	counters(): SystemCounters;
	/** What the programs beside the daemon say of themselves; asked once. */
	programs(): Promise<ProgramFacts>;
}
