import { totalmem } from 'node:os';
import { type CgroupStatistics, readCgroupStatistics } from '../../../runtime/cgroup/statistics.ts';
import { type InterfaceCounters, readInterfaces, type SystemCpu } from '../../../runtime/host-usage.ts';
import { cgroupPathOf } from '../life/launch.ts';
import type { Container } from '../model.ts';

export type { BlockStatistics } from '../../../runtime/cgroup/statistics.ts';
export type { InterfaceCounters } from '../../../runtime/host-usage.ts';

/** What a container had used at one moment. The limit of its memory is at most the host's. */
export interface Sample extends CgroupStatistics {
	/** When, RFC 3339 with nanoseconds. */
	readonly read: string;
	readonly system: SystemCpu;
	/** By the interface's name in the container; none when its network is the host's. */
	readonly networks: ReadonlyMap<string, InterfaceCounters>;
}

/** Takes a sample of a container. null: it does not run, or has just ended. Files of the kernel are read, nothing else asked. */
export type Sampler = (container: Container, system: SystemCpu) => Promise<Sample | null>;

/** The sampler that reads the kernel's files. */
export function createSampler(now: () => string): Sampler {
	const hostMemory = totalmem();
	return async (container, system) => {
		const { state } = container;
		if (state.at !== 'running' && state.at !== 'paused') return null;
		const [cgroup, interfaces] = await Promise.all([
			readCgroupStatistics(cgroupPathOf(container)),
			readInterfaces(state.pid),
		]);
		if (cgroup === null) return null;
		const { memory } = cgroup;
		return {
			...cgroup,
			memory: memory === null ? null : { ...memory, limit: Math.min(memory.limit, hostMemory) },
			read: now(),
			system,
			networks: ownInterfaces(container, interfaces),
		};
	};
}

/** The interfaces that networks made; a privileged process may have made others. */
function ownInterfaces(
	container: Container,
	interfaces: ReadonlyMap<string, InterfaceCounters>,
): ReadonlyMap<string, InterfaceCounters> {
	const named = new Set(
		Object.values(container.endpointRequests).map((one) => one.driverOpts['com.docker.network.endpoint.ifname']),
	);
	return new Map([...interfaces].filter(([name]) => /^eth\d+$/.test(name) || named.has(name)));
}
