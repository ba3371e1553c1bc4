import type * as wire from '../../../api/container.ts';
import type { DeviceRate, HostConfig } from '../../../engine/containers/model.ts';
import { mountSpec } from './mount-response.ts';

/** `HostConfig` as inspect shows it: every field of the wire, ours or at its zero value. `links`: as they are now. */
export function hostConfigResponse(
	host: HostConfig,
	links: readonly string[],
): wire.HostConfig & Record<string, unknown> {
	const binds = host.mounts.flatMap((mount) => (mount.bindSpec === null ? [] : [mount.bindSpec]));
	const tmpfs = host.mounts.filter(({ origin }) => origin === 'tmpfs');
	const mounts = host.mounts.filter(({ origin }) => origin === 'mounts');
	return {
		Binds: binds.length === 0 ? null : binds,
		ContainerIDFile: host.containerIdFile,
		LogConfig: { Type: host.logDriver as 'json-file', Config: host.logOptions },
		NetworkMode: host.networkMode,
		PortBindings: Object.fromEntries(
			Object.entries(host.portBindings).map(([port, bindings]) => [
				port,
				bindings.map(({ hostIp, hostPort }) => ({ HostIp: hostIp, HostPort: hostPort })),
			]),
		),
		RestartPolicy: { Name: host.restartPolicy.name, MaximumRetryCount: host.restartPolicy.maximumRetryCount },
		AutoRemove: host.autoRemove,
		VolumeDriver: host.volumeDriver,
		VolumesFrom: orNull(host.volumesFrom),
		ConsoleSize: [...host.consoleSize],
		...(Object.keys(host.annotations).length === 0 ? {} : { Annotations: host.annotations }),
		CapAdd: orNull(host.capAdd),
		CapDrop: orNull(host.capDrop),
		CgroupnsMode: host.cgroupnsMode as 'private',
		Dns: [...host.dns],
		DnsOptions: [...host.dnsOptions],
		DnsSearch: [...host.dnsSearch],
		ExtraHosts: orNull(host.extraHosts),
		GroupAdd: orNull(host.groupAdd),
		IpcMode: host.ipcMode,
		Cgroup: '',
		Links: orNull(links),
		OomScoreAdj: host.oomScoreAdj,
		PidMode: host.pidMode,
		Privileged: host.privileged,
		PublishAllPorts: host.publishAllPorts,
		ReadonlyRootfs: host.readonlyRootfs,
		SecurityOpt: orNull(host.securityOpt),
		...(tmpfs.length === 0
			? {}
			: { Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.target, mount.tmpfsOptions.join(',')])) }),
		...(mounts.length === 0 ? {} : { Mounts: mounts.map(mountSpec) }),
		UTSMode: host.utsMode,
		UsernsMode: host.usernsMode,
		ShmSize: host.shmSize,
		...(Object.keys(host.sysctls).length === 0 ? {} : { Sysctls: host.sysctls }),
		Runtime: host.runtime,
		Isolation: '',
		...resources(host),
		...(host.init === null ? {} : { Init: host.init }),
		MaskedPaths: host.maskedPaths === null ? null : [...host.maskedPaths],
		ReadonlyPaths: host.readonlyPaths === null ? null : [...host.readonlyPaths],
	};
}

function orNull(values: readonly string[]): string[] | null {
	return values.length === 0 ? null : [...values];
}

function resources(host: HostConfig): wire.Resources & Record<string, unknown> {
	const given = host.resources;
	return {
		CpuShares: given.cpuShares,
		Memory: given.memory,
		NanoCpus: given.nanoCpus,
		CgroupParent: host.cgroupParent,
		BlkioWeight: given.blkioWeight,
		BlkioWeightDevice: (given.blkioWeightDevice ?? []).map(({ path, weight }) => ({ Path: path, Weight: weight })),
		BlkioDeviceReadBps: rates(given.blkioReadBps),
		BlkioDeviceWriteBps: rates(given.blkioWriteBps),
		BlkioDeviceReadIOps: rates(given.blkioReadIops),
		BlkioDeviceWriteIOps: rates(given.blkioWriteIops),
		CpuPeriod: given.cpuPeriod,
		CpuQuota: given.cpuQuota,
		CpuRealtimePeriod: given.cpuRealtimePeriod ?? 0,
		CpuRealtimeRuntime: given.cpuRealtimeRuntime ?? 0,
		CpusetCpus: given.cpusetCpus,
		CpusetMems: given.cpusetMems,
		Devices: host.devices.map((device) => ({
			PathOnHost: device.pathOnHost,
			PathInContainer: device.pathInContainer,
			CgroupPermissions: device.cgroupPermissions,
		})),
		DeviceCgroupRules: orNull(host.deviceCgroupRules ?? []),
		DeviceRequests: deviceRequests(host),
		...(given.kernelMemoryTcp ? { KernelMemoryTCP: given.kernelMemoryTcp } : {}),
		MemoryReservation: given.memoryReservation,
		MemorySwap: given.memorySwap,
		MemorySwappiness: given.memorySwappiness ?? null,
		OomKillDisable: given.oomKillDisable,
		PidsLimit: given.pidsLimit,
		Ulimits: host.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
		CpuCount: given.cpuCount ?? 0,
		CpuPercent: 0,
		IOMaximumIOps: 0,
		IOMaximumBandwidth: 0,
	};
}

function rates(given: readonly DeviceRate[] = []): wire.ThrottleDevice[] {
	return given.map(({ path, rate }) => ({ Path: path, Rate: rate }));
}

function deviceRequests(host: HostConfig): wire.DeviceRequest[] | null {
	const requests = host.deviceRequests ?? [];
	if (requests.length === 0) return null;
	return requests.map((one) => ({
		Driver: one.driver,
		Count: one.count,
		DeviceIDs: orNull(one.deviceIds),
		Capabilities: one.capabilities.length === 0 ? null : one.capabilities.map((words) => [...words]),
		Options: { ...one.options },
	}));
}
