import { existsSync } from 'node:fs';
import { readV1 } from './statistics-v1.ts';
import { readV2 } from './statistics-v2.ts';

/** Where cgroups are mounted. */
export const cgroupRoot = '/sys/fs/cgroup';

/** Processor time of a cgroup, in nanoseconds. */
export interface CpuStatistics {
	readonly total: number;
	/** Per processor; null where the kernel does not say (cgroup v2). */
	readonly perCpu: readonly number[] | null;
	readonly kernel: number;
	readonly user: number;
	readonly periods: number;
	readonly throttledPeriods: number;
	readonly throttledTime: number;
}

/** Memory of a cgroup, in bytes. */
export interface MemoryStatistics {
	readonly usage: number;
	/** The most there ever was; null where the kernel does not say. */
	readonly maxUsage: number | null;
	/** How often the limit was hit. */
	readonly failures: number;
	/** `Infinity`: none. */
	readonly limit: number;
	/** memory.stat, by the kernel's names. */
	readonly details: Readonly<Record<string, number>>;
}

/** One counter of a block device. */
export interface BlockEntry {
	readonly major: number;
	readonly minor: number;
	/** `Read`, `Write` … on cgroup v1, `read` and `write` on v2. */
	readonly op: string;
	readonly value: number;
}

/** Counters of block devices. null: this version of cgroups has none. */
export interface BlockStatistics {
	readonly serviceBytes: readonly BlockEntry[] | null;
	readonly serviced: readonly BlockEntry[] | null;
	readonly queued: readonly BlockEntry[] | null;
	readonly serviceTime: readonly BlockEntry[] | null;
	readonly waitTime: readonly BlockEntry[] | null;
	readonly merged: readonly BlockEntry[] | null;
	readonly time: readonly BlockEntry[] | null;
	readonly sectors: readonly BlockEntry[] | null;
}

/** What the kernel counts of a cgroup. A part is null when its controller is not there. */
export interface CgroupStatistics {
	readonly cpu: CpuStatistics | null;
	readonly memory: MemoryStatistics | null;
	readonly block: BlockStatistics | null;
	/** `limit` null: none that this version of cgroups would name; `Infinity`: explicitly none (cgroup v2). */
	readonly pids: { readonly current: number; readonly limit: number | null } | null;
}

/**
 * Reads the counters of a cgroup (`/gantry/<id>`), without blocking. null when it is gone.
 * `root`: where cgroups are mounted.
 */
export function readCgroupStatistics(path: string, root = cgroupRoot): Promise<CgroupStatistics | null> {
	return existsSync(`${root}/cgroup.controllers`) ? readV2(`${root}${path}`) : readV1(root, path);
}
