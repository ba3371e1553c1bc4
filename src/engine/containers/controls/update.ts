import { EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container, HostConfig, ResourceLimits, RestartPolicy } from '../model.ts';
import { type HostLimits, settleResources } from '../spec/resources.ts';

/** What an update changes: the limits that are not zero, `''` or null, and the restart policy unless null. */
export interface ContainerChanges {
	readonly limits: ResourceLimits;
	readonly restartPolicy: RestartPolicy | null;
}

export interface UpdateDependencies {
	readonly containers: ContainerSet;
	readonly mutex: KeyedMutex;
	readonly limits: HostLimits;
	/** Tells the kernel of the limits of a container that runs. */
	readonly applyLimits: (container: Container, limits: ResourceLimits) => Promise<void>;
	/** Looks again at a restart that is due. */
	readonly reconsiderRestart: (id: string) => void;
}

/**
 * Changes limits and restart policy, in any state. The record comes first; it is put back when the kernel refuses.
 * Returns warnings. @throws `invalid_argument`, `conflict`
 */
export async function updateContainer(
	ref: string,
	changes: ContainerChanges,
	caller: Caller,
	dependencies: UpdateDependencies,
): Promise<readonly string[]> {
	const { containers, mutex } = dependencies;
	const { id } = containers.resolve(ref);
	const { limits, warnings } = settleResources(changes.limits, dependencies.limits, { update: true });
	await mutex.run(id, async () => {
		try {
			await change(id, { ...changes, limits }, caller, dependencies);
		} catch (error) {
			const code = error instanceof EngineError ? error.code : 'internal';
			throw new EngineError(code, `Cannot update container ${id}: ${messageOf(error)}`, { cause: error });
		}
	});
	return warnings;
}

async function change(
	id: string,
	changes: ContainerChanges,
	caller: Caller,
	{ containers, applyLimits, reconsiderRestart }: UpdateDependencies,
): Promise<void> {
	const before = containers.resolve(id);
	if (before.state.at === 'removing') {
		throw new EngineError('conflict', 'container is marked for removal and cannot be "update"');
	}
	const hostConfig = changedHostConfig(before.hostConfig, changes);
	const updated = containers.update(id, (one) => ({ ...one, hostConfig }));
	if (updated.state.at === 'running' || updated.state.at === 'paused') {
		try {
			await applyLimits(updated, changes.limits);
		} catch (error) {
			// It may have ended meanwhile, and been removed by that: then nobody asks for its limits any more.
			const now = containers.find(id);
			if (now === undefined) return;
			if (now.state.at === 'running' || now.state.at === 'paused') {
				containers.update(id, (one) => ({ ...one, hostConfig: before.hostConfig }));
				throw error;
			}
		}
	}
	containers.update(id, (one) => one, { action: 'update', caller });
	if (changes.restartPolicy !== null) reconsiderRestart(id);
}

/** The host config after the changes. @throws `conflict` in dockerd's words for what does not go together */
export function changedHostConfig(current: HostConfig, { limits, restartPolicy }: ContainerChanges): HostConfig {
	checkCpus(current.resources, limits);
	if (limits.memory > current.resources.memorySwap && limits.memory !== 0 && limits.memorySwap === 0) {
		throw conflict(
			'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
		);
	}
	if (restartPolicy !== null && restartPolicy.name !== 'no' && current.autoRemove) {
		throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
	}
	return {
		...current,
		resources: { ...current.resources, ...changedLimits(limits) },
		restartPolicy: restartPolicy ?? current.restartPolicy,
	};
}

/** The limits that can be changed, as far as they are asked for; pids also to none. */
function changedLimits(limits: ResourceLimits): Partial<ResourceLimits> {
	const { memory, memorySwap, memoryReservation, nanoCpus, cpuShares, cpuPeriod, cpuQuota } = limits;
	const { cpusetCpus, cpusetMems, blkioWeight, cpuRealtimePeriod = 0, cpuRealtimeRuntime = 0 } = limits;
	const numbers = {
		...{ memory, memorySwap, memoryReservation, nanoCpus, cpuShares, cpuPeriod, cpuQuota },
		...{ cpusetCpus, cpusetMems, blkioWeight, cpuRealtimePeriod, cpuRealtimeRuntime },
	};
	const asked = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0 && value !== ''));
	return { ...asked, ...(limits.pidsLimit === null ? {} : { pidsLimit: limits.pidsLimit }) };
}

/** Nano CPUs are a period and a quota: who has the one cannot change the other. */
function checkCpus(current: ResourceLimits, asked: ResourceLimits): void {
	for (const [wanted, has, what, already] of [
		[asked.nanoCpus, current.cpuPeriod, 'Nano CPUs', 'CPU Period'],
		[asked.nanoCpus, current.cpuQuota, 'Nano CPUs', 'CPU Quota'],
		[asked.cpuPeriod, current.nanoCpus, 'CPU Period', 'NanoCPUs'],
		[asked.cpuQuota, current.nanoCpus, 'CPU Quota', 'NanoCPUs'],
	] as const) {
		if (wanted > 0 && has > 0) {
			throw conflict(`Conflicting options: ${what} cannot be updated as ${already} has already been set`);
		}
	}
}

function conflict(sentence: string): EngineError {
	return new EngineError('conflict', sentence);
}
