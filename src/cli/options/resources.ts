import type { Resources } from '../../api/container.ts';
import type { Flags } from '../flags.ts';
import { parseThrottle, parseUlimit, parseWeightDevice } from './devices.ts';

/** The limits that the flags of `create` and `run` ask for. */
export function resourcesOf(flags: Flags): Resources {
	const throttles = (name: string, inBytes: boolean) => flags.list(name).map((value) => parseThrottle(value, inBytes));
	// A later limit of the same name replaces an earlier one.
	const ulimits = new Map(
		flags
			.list('ulimit')
			.map(parseUlimit)
			.map((limit) => [limit.Name, limit]),
	);
	return {
		CpuShares: flags.number('cpu-shares'),
		Memory: flags.number('memory'),
		NanoCpus: flags.number('cpus'),
		CgroupParent: flags.string('cgroup-parent'),
		BlkioWeight: flags.number('blkio-weight'),
		BlkioWeightDevice: flags.list('blkio-weight-device').map(parseWeightDevice),
		BlkioDeviceReadBps: throttles('device-read-bps', true),
		BlkioDeviceWriteBps: throttles('device-write-bps', true),
		BlkioDeviceReadIOps: throttles('device-read-iops', false),
		BlkioDeviceWriteIOps: throttles('device-write-iops', false),
		CpuPeriod: flags.number('cpu-period'),
		CpuQuota: flags.number('cpu-quota'),
		CpuRealtimePeriod: flags.number('cpu-rt-period'),
		CpuRealtimeRuntime: flags.number('cpu-rt-runtime'),
		CpusetCpus: flags.string('cpuset-cpus'),
		CpusetMems: flags.string('cpuset-mems'),
		DeviceCgroupRules: flags.changed('device-cgroup-rule') ? [...flags.list('device-cgroup-rule')] : null,
		MemoryReservation: flags.number('memory-reservation'),
		MemorySwap: flags.number('memory-swap'),
		MemorySwappiness: flags.number('memory-swappiness'),
		OomKillDisable: flags.bool('oom-kill-disable'),
		PidsLimit: flags.number('pids-limit'),
		Ulimits: [...ulimits.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1)),
		CpuCount: flags.number('cpu-count'),
		CpuPercent: flags.number('cpu-percent'),
		IOMaximumIOps: flags.number('io-maxiops'),
		IOMaximumBandwidth: flags.number('io-maxbandwidth'),
	};
}
