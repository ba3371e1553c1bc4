import { EngineError } from '../../../errors.ts';
import type { ResourceSupport } from '../../../runtime/cgroup/support.ts';
import type { ResourceLimits } from '../model.ts';
import { checkListed } from './number-list.ts';

export type { ResourceSupport };

/** What the host can enforce. */
export interface HostLimits {
	readonly cpus: number;
	readonly hostname: string;
	readonly defaultCgroupns: 'host' | 'private';
	/** The network of containers that name none. */
	readonly defaultNetwork: 'bridge' | 'none';
	readonly support: ResourceSupport;
}

const mebi = 1024 * 1024;
const smallestMemory = 6 * mebi;

/** Limits as they will be, without those that the host cannot enforce: for these there are warnings. */
export interface SettledResources {
	readonly limits: ResourceLimits;
	readonly warnings: readonly string[];
}

/**
 * Checks limits against each other and the host, with dockerd's sentences. `update`: they change those of a container,
 * which may have the memory limit that goes with a swap limit. @throws `invalid_argument`
 */
export function settleResources(
	given: ResourceLimits,
	host: HostLimits,
	{ update }: { readonly update: boolean },
): SettledResources {
	const warnings: string[] = [];
	let limits = settleMemory(given, host.support, update, warnings);
	limits = settlePids(limits, host.support, warnings);
	limits = settleCpus(limits, host, warnings);
	limits = settleCpuset(limits, host.support, warnings);
	return { limits: settleBlockIo(limits, host.support, warnings), warnings };
}

function refused(sentence: string): EngineError {
	return new EngineError('invalid_argument', sentence);
}

/** dockerd's sentence for what the kernel does not have. */
function without(what: string, discarded: string): string {
	return `Your kernel does not support ${what} or the cgroup is not mounted. ${discarded}`;
}

function settleMemory(
	given: ResourceLimits,
	support: ResourceSupport,
	update: boolean,
	warnings: string[],
): ResourceLimits {
	let limits = given;
	if (limits.memory !== 0 && limits.memory < smallestMemory) throw refused('Minimum memory limit allowed is 6MB');
	if (limits.memory > 0 && !support.memory) {
		warnings.push(without('memory limit capabilities', 'Limitation discarded.'));
		limits = { ...limits, memory: 0, memorySwap: -1 };
	}
	if (limits.memory > 0 && limits.memorySwap !== -1 && !support.swap) {
		warnings.push(without('swap limit capabilities', 'Memory limited without swap.'));
		limits = { ...limits, memorySwap: -1 };
	}
	if (limits.memory > 0 && limits.memorySwap > 0 && limits.memorySwap < limits.memory) {
		throw refused('Minimum memoryswap limit should be larger than memory limit, see usage');
	}
	if (limits.memory === 0 && limits.memorySwap > 0 && !update) {
		throw refused('You should always set the Memory limit when using Memoryswap limit, see usage');
	}
	limits = settleReservation(settleSwappiness(limits, support, warnings), support, warnings);
	if ((limits.kernelMemoryTcp ?? 0) > 0 && !support.kernelMemoryTcp) {
		warnings.push(without('kernel memory TCP limit capabilities', 'Limitation discarded.'));
		limits = { ...limits, kernelMemoryTcp: 0 };
	}
	return settleOomKill(limits, support, warnings);
}

function settleSwappiness(limits: ResourceLimits, support: ResourceSupport, warnings: string[]): ResourceLimits {
	const swappiness = limits.memorySwappiness ?? null;
	if (swappiness === null) return limits;
	if (!support.memorySwappiness) {
		warnings.push(without('memory swappiness capabilities', 'Memory swappiness discarded.'));
		return { ...limits, memorySwappiness: null };
	}
	if (swappiness < 0 || swappiness > 100) {
		throw refused(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
	}
	return limits;
}

function settleReservation(given: ResourceLimits, support: ResourceSupport, warnings: string[]): ResourceLimits {
	let limits = given;
	if (limits.memoryReservation > 0 && !support.memoryReservation) {
		warnings.push(without('memory soft limit capabilities', 'Limitation discarded.'));
		limits = { ...limits, memoryReservation: 0 };
	}
	const { memory, memoryReservation } = limits;
	if (memoryReservation > 0 && memoryReservation < smallestMemory) {
		throw refused('Minimum memory reservation allowed is 6MB');
	}
	if (memory > 0 && memoryReservation > 0 && memory < memoryReservation) {
		throw refused('Minimum memory limit can not be less than memory reservation limit, see usage');
	}
	return limits;
}

function settleOomKill(limits: ResourceLimits, support: ResourceSupport, warnings: string[]): ResourceLimits {
	if (!limits.oomKillDisable) return limits;
	if (!support.oomKillDisable) {
		warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
		return { ...limits, oomKillDisable: false };
	}
	if (limits.memory === 0) {
		warnings.push(
			'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
		);
	}
	return limits;
}

function settlePids(limits: ResourceLimits, support: ResourceSupport, warnings: string[]): ResourceLimits {
	if (limits.pidsLimit === null || support.pids) return limits;
	if (limits.pidsLimit > 0) warnings.push(without('PIDs limit capabilities', 'PIDs limit discarded.'));
	return { ...limits, pidsLimit: null };
}

function settleCpus(given: ResourceLimits, host: HostLimits, warnings: string[]): ResourceLimits {
	const { support } = host;
	let limits = given;
	checkNanoCpus(limits, host);
	if (limits.cpuShares > 0 && !support.cpuShares) {
		warnings.push(without('CPU shares', 'Shares discarded.'));
		limits = { ...limits, cpuShares: 0 };
	}
	if ((limits.cpuPeriod !== 0 || limits.cpuQuota !== 0) && !support.cpuCfs) {
		warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
		limits = { ...limits, cpuPeriod: 0, cpuQuota: 0 };
	}
	if (limits.cpuPeriod !== 0 && (limits.cpuPeriod < 1000 || limits.cpuPeriod > 1_000_000)) {
		throw refused('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
	}
	if (limits.cpuQuota > 0 && limits.cpuQuota < 1000) {
		throw refused('CPU cfs quota can not be less than 1ms (i.e. 1000)');
	}
	if ((limits.cpuPercent ?? 0) > 0) {
		warnings.push('linux does not support CPU percent. Percent discarded.');
		limits = { ...limits, cpuPercent: 0 };
	}
	return checkRealtime(limits, support);
}

function checkNanoCpus({ nanoCpus, cpuPeriod, cpuQuota }: ResourceLimits, { cpus, support }: HostLimits): void {
	const conflict = (what: string) => refused(`Conflicting options: Nano CPUs and CPU ${what} cannot both be set`);
	if (nanoCpus > 0 && cpuPeriod > 0) throw conflict('Period');
	if (nanoCpus > 0 && cpuQuota > 0) throw conflict('Quota');
	if (nanoCpus > 0 && !support.cpuCfs) {
		throw refused(
			'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
		);
	}
	if (nanoCpus < 0 || nanoCpus > cpus * 1e9) {
		throw refused(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
	}
}

function checkRealtime(limits: ResourceLimits, support: ResourceSupport): ResourceLimits {
	const { cpuRealtimePeriod = 0, cpuRealtimeRuntime = 0 } = limits;
	if (cpuRealtimePeriod === 0 && cpuRealtimeRuntime === 0) return limits;
	if (!support.cpuRealtime) {
		throw refused('Your kernel does not support CPU real-time scheduler: remove the CPU real-time period and runtime');
	}
	if (cpuRealtimePeriod !== 0 && cpuRealtimeRuntime > cpuRealtimePeriod) {
		throw refused('cpu real-time runtime cannot be higher than cpu real-time period');
	}
	return limits;
}

function settleCpuset(limits: ResourceLimits, support: ResourceSupport, warnings: string[]): ResourceLimits {
	if (limits.cpusetCpus === '' && limits.cpusetMems === '') return limits;
	if (!support.cpuset) {
		warnings.push(without('cpuset', 'Cpuset discarded.'));
		return { ...limits, cpusetCpus: '', cpusetMems: '' };
	}
	checkListed(limits.cpusetCpus, support.cpus, 'cpuset cpus', 'CPUs');
	checkListed(limits.cpusetMems, support.mems, 'cpuset mems', 'memory nodes');
	return limits;
}

function settleBlockIo(given: ResourceLimits, support: ResourceSupport, warnings: string[]): ResourceLimits {
	let limits = given;
	if (limits.blkioWeight > 0 && !support.blkioWeight) {
		warnings.push(without('Block I/O weight', 'Weight discarded.'));
		limits = { ...limits, blkioWeight: 0 };
	}
	if (limits.blkioWeight > 0 && (limits.blkioWeight < 10 || limits.blkioWeight > 1000)) {
		throw refused('Range of blkio weight is from 10 to 1000');
	}
	if ((limits.ioMaximumBandwidth ?? 0) !== 0 || (limits.ioMaximumIops ?? 0) !== 0) {
		throw refused('Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps');
	}
	for (const [field, known, what, discarded] of [
		['blkioWeightDevice', support.blkioWeightDevice, 'Block I/O weight_device', 'Weight-device discarded.'],
		['blkioReadBps', support.blkioReadBps, 'BPS Block I/O read limit', 'Block I/O BPS read limit discarded.'],
		['blkioWriteBps', support.blkioWriteBps, 'BPS Block I/O write limit', 'Block I/O BPS write limit discarded.'],
		['blkioReadIops', support.blkioReadIops, 'IOPS Block read limit', 'Block I/O IOPS read limit discarded.'],
		['blkioWriteIops', support.blkioWriteIops, 'IOPS Block write limit', 'Block I/O IOPS write limit discarded.'],
	] as const) {
		if ((limits[field] ?? []).length === 0 || known) continue;
		warnings.push(without(what, discarded));
		limits = { ...limits, [field]: [] };
	}
	return limits;
}
