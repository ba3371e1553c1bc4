import type { CreateHostConfig, UpdateBody } from '../../../../api/create-request.ts';
import type { DeviceRequest, ResourceLimits, RestartPolicy } from '../../../../engine/containers/model.ts';
import { EngineError } from '../../../../errors.ts';

/** The limits of a create or an update as the engine takes them; it checks them. */
export function resourcesOf(given: Pick<CreateHostConfig, keyof UpdateBody & keyof CreateHostConfig>): ResourceLimits {
	const throttles = (devices: CreateHostConfig['BlkioDeviceReadBps']) =>
		devices.map(({ Path, Rate }) => ({ path: Path, rate: Rate }));
	return {
		memory: given.Memory,
		memorySwap: given.MemorySwap,
		memoryReservation: given.MemoryReservation,
		// -1 is the stock CLI's way to say "not set".
		memorySwappiness: given.MemorySwappiness === -1 ? null : given.MemorySwappiness,
		kernelMemoryTcp: given.KernelMemoryTCP,
		nanoCpus: given.NanoCpus,
		cpuShares: given.CpuShares,
		cpuPeriod: given.CpuPeriod,
		cpuQuota: given.CpuQuota,
		cpuRealtimePeriod: given.CpuRealtimePeriod,
		cpuRealtimeRuntime: given.CpuRealtimeRuntime,
		cpusetCpus: given.CpusetCpus,
		cpusetMems: given.CpusetMems,
		blkioWeight: given.BlkioWeight,
		blkioWeightDevice: given.BlkioWeightDevice.map(({ Path, Weight }) => ({ path: Path, weight: Weight })),
		blkioReadBps: throttles(given.BlkioDeviceReadBps),
		blkioWriteBps: throttles(given.BlkioDeviceWriteBps),
		blkioReadIops: throttles(given.BlkioDeviceReadIOps),
		blkioWriteIops: throttles(given.BlkioDeviceWriteIOps),
		pidsLimit: given.PidsLimit,
		oomKillDisable: given.OomKillDisable,
		cpuCount: given.CpuCount,
		cpuPercent: given.CpuPercent,
		ioMaximumIops: given.IOMaximumIOps,
		ioMaximumBandwidth: given.IOMaximumBandwidth,
	};
}

/** Devices that a driver finds, by count or id. */
export function deviceRequestsOf(given: CreateHostConfig['DeviceRequests']): readonly DeviceRequest[] {
	return given.map((one) => ({
		driver: one.Driver,
		count: one.Count,
		deviceIds: one.DeviceIDs,
		capabilities: one.Capabilities,
		options: one.Options,
	}));
}

/** A restart policy; without a name, any count passes, as old clients send it. @throws `invalid_argument` in dockerd's words */
export function restartPolicyOf(given: CreateHostConfig['RestartPolicy']): RestartPolicy {
	const { Name, MaximumRetryCount: count } = given;
	if (Name === '') return { name: 'no', maximumRetryCount: 0 };
	const wrong = (problem: string) => new EngineError('invalid_argument', `invalid restart policy: ${problem}`);
	if (Name === 'on-failure') {
		if (count < 0) throw wrong('maximum retry count cannot be negative');
		return { name: Name, maximumRetryCount: count };
	}
	if (Name !== 'no' && Name !== 'always' && Name !== 'unless-stopped') {
		throw wrong(`unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
	}
	if (count !== 0) {
		const also = count < 0 ? ' and cannot be negative' : '';
		throw wrong(`maximum retry count can only be used with 'on-failure'${also}`);
	}
	return { name: Name, maximumRetryCount: 0 };
}
