import { EngineError } from '../../../errors.ts';
import type { ResourceLimits } from '../model.ts';

/** What the host can enforce. */
export interface HostLimits {
	readonly cpus: number;
	readonly hostname: string;
	readonly defaultCgroupns: 'host' | 'private';
	/** The network of containers that name none. */
	readonly defaultNetwork: 'bridge' | 'none';
	readonly swapLimit: boolean;
	/** Cgroup controllers that are there. */
	readonly controllers: ReadonlySet<string>;
}

const mebi = 1024 * 1024;
const smallestMemory = 6 * mebi;

/** Checks limits against each other and the host. Returns warnings. @throws `invalid_argument`, with docker's sentences. */
export function checkResources(limits: ResourceLimits, host: HostLimits): readonly string[] {
	checkMemory(limits);
	checkCpus(limits, host);
	const warnings: string[] = [];
	if (limits.memory > 0 && limits.memorySwap > 0 && !host.swapLimit) {
		warnings.push(
			'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
		);
	}
	for (const [wanted, controller, what] of [
		[limits.memory > 0, 'memory', 'memory limit'],
		[(limits.pidsLimit ?? 0) !== 0, 'pids', 'pids limit'],
		[limits.nanoCpus > 0 || limits.cpuQuota > 0 || limits.cpuShares > 0, 'cpu', 'CPU limit'],
		[limits.cpusetCpus !== '' || limits.cpusetMems !== '', 'cpuset', 'cpuset'],
	] as const) {
		if (wanted && !host.controllers.has(controller)) {
			throw new EngineError('invalid_argument', `this host has no ${controller} cgroup controller: remove the ${what}`);
		}
	}
	return warnings;
}

function checkMemory(limits: ResourceLimits): void {
	const { memory, memorySwap, memoryReservation } = limits;
	if (memory !== 0 && memory < smallestMemory) {
		throw new EngineError('invalid_argument', 'Minimum memory limit allowed is 6MB');
	}
	if (memorySwap > 0 && memory > 0 && memorySwap < memory) {
		throw new EngineError('invalid_argument', 'Minimum memoryswap limit should be larger than memory limit, see usage');
	}
	if (memorySwap > 0 && memory === 0) {
		throw new EngineError(
			'invalid_argument',
			'You should always set the Memory limit when using Memoryswap limit, see usage',
		);
	}
	if (memoryReservation !== 0 && memoryReservation < smallestMemory) {
		throw new EngineError('invalid_argument', 'Minimum memory reservation allowed is 6MB');
	}
	if (memory > 0 && memoryReservation > memory) {
		throw new EngineError(
			'invalid_argument',
			'Minimum memory limit can not be less than memory reservation limit, see usage',
		);
	}
}

function checkCpus(limits: ResourceLimits, host: HostLimits): void {
	const { nanoCpus, cpuPeriod, cpuQuota } = limits;
	if (nanoCpus > 0 && (cpuPeriod > 0 || cpuQuota > 0)) {
		throw new EngineError('invalid_argument', 'Conflicting options: Nano CPUs and CPU Period cannot both be set');
	}
	if (nanoCpus < 0 || nanoCpus > host.cpus * 1e9) {
		throw new EngineError(
			'invalid_argument',
			`range of CPUs is from 0.01 to ${host.cpus}.00, as there are only ${host.cpus} CPUs available`,
		);
	}
	if (cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000)) {
		throw new EngineError(
			'invalid_argument',
			'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
		);
	}
	if (cpuQuota > 0 && cpuQuota < 1000) {
		throw new EngineError('invalid_argument', 'CPU cfs quota can not be less than 1ms (i.e. 1000)');
	}
}
