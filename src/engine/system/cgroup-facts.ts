import { existsSync } from 'node:fs';
import { readOptional } from './host-files.ts';

/** What the host's cgroups can limit. */
export interface CgroupFacts {
	readonly version: '1' | '2';
	/** Controllers that limits can be set with. */
	readonly controllers: ReadonlySet<string>;
	readonly swapLimit: boolean;
	readonly kernelMemoryTcp: boolean;
	readonly cpuPeriod: boolean;
	readonly cpuQuota: boolean;
	readonly cpuShares: boolean;
	readonly oomKillDisable: boolean;
}

const root = '/sys/fs/cgroup';

/** Reads them from the kernel. */
export function cgroupFacts(): CgroupFacts {
	const unified = readOptional(`${root}/cgroup.controllers`);
	return unified === null ? legacyFacts() : unifiedFacts(new Set(unified.trim().split(/\s+/)));
}

function unifiedFacts(controllers: ReadonlySet<string>): CgroupFacts {
	const cpu = controllers.has('cpu');
	return {
		version: '2',
		controllers,
		// The kernel's account of swap can be off; then only the root's children lack the file.
		swapLimit: controllers.has('memory') && existsSync('/proc/swaps'),
		kernelMemoryTcp: false,
		cpuPeriod: cpu,
		cpuQuota: cpu,
		cpuShares: cpu,
		oomKillDisable: false,
	};
}

function legacyFacts(): CgroupFacts {
	const controllers = new Set(
		(readOptional('/proc/cgroups') ?? '')
			.split('\n')
			.slice(1)
			.map((line) => line.split('\t'))
			.filter((columns) => columns[3] === '1' && columns[1] !== '0')
			.map((columns) => columns[0] ?? ''),
	);
	const has = (file: string) => existsSync(`${root}/${file}`);
	return {
		version: '1',
		controllers,
		swapLimit: has('memory/memory.memsw.limit_in_bytes'),
		kernelMemoryTcp: has('memory/memory.kmem.tcp.limit_in_bytes'),
		cpuPeriod: has('cpu/cpu.cfs_period_us'),
		cpuQuota: has('cpu/cpu.cfs_quota_us'),
		cpuShares: has('cpu/cpu.shares'),
		oomKillDisable: has('memory/memory.oom_control'),
	};
}
