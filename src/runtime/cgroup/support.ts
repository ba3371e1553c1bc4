import { existsSync, readFileSync } from 'node:fs';
import { cgroupRoot } from './statistics.ts';

/** Which limits the host can enforce. Names as in the Engine API's Resources. */
export interface ResourceSupport {
	readonly memory: boolean;
	readonly swap: boolean;
	readonly memoryReservation: boolean;
	readonly memorySwappiness: boolean;
	readonly oomKillDisable: boolean;
	readonly kernelMemoryTcp: boolean;
	readonly pids: boolean;
	readonly cpuShares: boolean;
	readonly cpuCfs: boolean;
	readonly cpuRealtime: boolean;
	readonly cpuset: boolean;
	/** Processors and memory nodes that there are, as the kernel lists them: `0-3,8`. */
	readonly cpus: string;
	readonly mems: string;
	readonly blkioWeight: boolean;
	readonly blkioWeightDevice: boolean;
	readonly blkioReadBps: boolean;
	readonly blkioWriteBps: boolean;
	readonly blkioReadIops: boolean;
	readonly blkioWriteIops: boolean;
}

/** Looks at the host's cgroups; `root`: where they are mounted. Once, at the daemon's start. */
export function readResourceSupport(root = cgroupRoot): ResourceSupport {
	return existsSync(`${root}/cgroup.controllers`) ? supportOfV2(root) : supportOfV1(root);
}

function supportOfV1(root: string): ResourceSupport {
	const has = (path: string) => existsSync(`${root}/${path}`);
	const cpus = firstText(`${root}/cpuset/cpuset.cpus`);
	const mems = firstText(`${root}/cpuset/cpuset.mems`);
	return {
		memory: has('memory/memory.limit_in_bytes'),
		swap: has('memory/memory.memsw.limit_in_bytes'),
		memoryReservation: has('memory/memory.soft_limit_in_bytes'),
		memorySwappiness: has('memory/memory.swappiness'),
		oomKillDisable: has('memory/memory.oom_control'),
		kernelMemoryTcp: has('memory/memory.kmem.tcp.limit_in_bytes'),
		pids: has('pids/cgroup.procs'),
		cpuShares: has('cpu/cpu.shares'),
		cpuCfs: has('cpu/cpu.cfs_quota_us'),
		cpuRealtime: has('cpu/cpu.rt_period_us'),
		cpuset: cpus !== '',
		cpus,
		mems,
		// The root cgroup has no weight with BFQ: its children do.
		blkioWeight: has('blkio/blkio.weight') || has('blkio/blkio.bfq.weight'),
		blkioWeightDevice: has('blkio/blkio.weight_device') || has('blkio/blkio.bfq.weight_device'),
		blkioReadBps: has('blkio/blkio.throttle.read_bps_device'),
		blkioWriteBps: has('blkio/blkio.throttle.write_bps_device'),
		blkioReadIops: has('blkio/blkio.throttle.read_iops_device'),
		blkioWriteIops: has('blkio/blkio.throttle.write_iops_device'),
	};
}

function supportOfV2(root: string): ResourceSupport {
	const controllers = new Set(firstText(`${root}/cgroup.controllers`).split(/\s+/));
	const [memory, cpu, io, cpuset] = ['memory', 'cpu', 'io', 'cpuset'].map((name) => controllers.has(name));
	const is = (value: boolean | undefined) => value === true;
	return {
		memory: is(memory),
		swap: is(memory),
		memoryReservation: is(memory),
		// Cgroup v2 has neither.
		...{ memorySwappiness: false, oomKillDisable: false, kernelMemoryTcp: false, cpuRealtime: false },
		pids: controllers.has('pids'),
		cpuShares: is(cpu),
		cpuCfs: is(cpu),
		cpuset: is(cpuset),
		cpus: firstText(`${root}/cpuset.cpus.effective`),
		mems: firstText(`${root}/cpuset.mems.effective`),
		...{ blkioWeight: is(io), blkioWeightDevice: is(io) },
		...{ blkioReadBps: is(io), blkioWriteBps: is(io), blkioReadIops: is(io), blkioWriteIops: is(io) },
	};
}

function firstText(path: string): string {
	return existsSync(path) ? readFileSync(path, 'latin1').trim() : '';
}
