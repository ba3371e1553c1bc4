import {
	type CreateConfig,
	type CreateEndpoint,
	type CreateHostConfig,
	decodeCreateConfig,
	decodeCreateHostConfig,
	decodeNetworkingConfig,
} from '../../../../api/create-request.ts';
import { invalidField } from '../../../../api/decode.ts';
import type {
	ContainerConfig,
	EndpointRequest,
	HostConfig,
	RestartPolicy,
} from '../../../../engine/containers/model.ts';
import type { CreateRequest } from '../../../../engine/containers/service.ts';
import { EngineError } from '../../../../errors.ts';
import { mountsOf } from './mount-specs.ts';
import { exposedPortsOf, portBindingsOf } from './port-specs.ts';
import { refuseUnsupported } from './unsupported.ts';

/** Smallest memory limit that dockerd takes. */
const minMemory = 6 * 1024 * 1024;

/** The body of a create as the engine takes it. @throws EngineError `invalid_argument`, `unsupported`, naming the field. */
export function parseCreateRequest(body: unknown, name: string, platform: string): CreateRequest {
	if (body === undefined || body === null) {
		throw new EngineError('invalid_argument', 'config cannot be empty in order to create a container');
	}
	const config = decodeCreateConfig(body, '');
	const host = decodeCreateHostConfig(body, '').HostConfig;
	const endpoints = decodeNetworkingConfig(body, '').NetworkingConfig.EndpointsConfig;
	refuseUnsupported(config, host, endpoints);
	return {
		name: name.replace(/^\//, ''),
		platform,
		config: configOf(config),
		hostConfig: hostConfigOf(host),
		endpoints: endpointsOf(endpoints, config, host),
	};
}

function configOf(config: CreateConfig): ContainerConfig {
	for (const entry of config.Env) {
		if (entry === '' || entry.startsWith('='))
			throw new EngineError('invalid_argument', `invalid environment variable: ${entry}`);
	}
	return {
		hostname: config.Hostname,
		domainname: config.Domainname,
		user: config.User,
		attachStdin: config.AttachStdin,
		attachStdout: config.AttachStdout,
		attachStderr: config.AttachStderr,
		exposedPorts: exposedPortsOf(config.ExposedPorts),
		tty: config.Tty,
		openStdin: config.OpenStdin,
		stdinOnce: config.StdinOnce,
		env: config.Env,
		cmd: config.Cmd,
		entrypoint: config.Entrypoint,
		image: config.Image,
		volumes: Object.keys(config.Volumes),
		workingDir: config.WorkingDir,
		labels: config.Labels,
		stopSignal: config.StopSignal === '' ? null : config.StopSignal,
		stopTimeout: config.StopTimeout,
		healthcheck: config.Healthcheck,
		shell: config.Shell,
		onBuild: config.OnBuild,
		networkDisabled: config.NetworkDisabled,
		argsEscaped: config.ArgsEscaped,
	};
}

function restartPolicyOf(given: CreateHostConfig['RestartPolicy'], autoRemove: boolean): RestartPolicy {
	const name = given.Name === '' ? 'no' : given.Name;
	const count = given.MaximumRetryCount;
	if (name !== 'no' && name !== 'always' && name !== 'unless-stopped' && name !== 'on-failure') {
		throw new EngineError(
			'invalid_argument',
			`invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
		);
	}
	if (name !== 'on-failure' && count !== 0) {
		throw new EngineError(
			'invalid_argument',
			"invalid restart policy: maximum retry count can only be used with 'on-failure'",
		);
	}
	if (count < 0)
		throw new EngineError('invalid_argument', 'invalid restart policy: maximum retry count cannot be negative');
	if (autoRemove && name !== 'no') {
		throw new EngineError('invalid_argument', "can't create 'AutoRemove' container with restart policy");
	}
	return { name, maximumRetryCount: count };
}

function resourcesOf(host: CreateHostConfig): HostConfig['resources'] {
	const { Memory, MemorySwap, MemoryReservation, NanoCpus, CpuPeriod, CpuQuota } = host;
	const bad = (sentence: string) => new EngineError('invalid_argument', sentence);
	if (Memory > 0 && Memory < minMemory) throw bad('Minimum memory limit allowed is 6MB');
	if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
		throw bad('Minimum memoryswap limit should be larger than memory limit, see usage');
	}
	if (Memory === 0 && MemorySwap > 0)
		throw bad('You should always set the Memory limit when using Memoryswap limit, see usage');
	if (Memory > 0 && MemoryReservation > Memory) {
		throw bad('Minimum memory limit can not be less than memory reservation limit, see usage');
	}
	if (NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0)) {
		throw bad('Conflicting options: Nano CPUs and CPU Period/Quota cannot both be set');
	}
	if (CpuPeriod > 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
		throw bad('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
	}
	if (CpuQuota > 0 && CpuQuota < 1000) throw bad('CPU cfs quota can not be less than 1ms (i.e. 1000)');
	if (host.BlkioWeight > 0 && host.BlkioWeight < 10) throw bad('Range of blkio weight is from 10 to 1000');
	return {
		memory: Memory,
		memorySwap: MemorySwap,
		memoryReservation: MemoryReservation,
		nanoCpus: NanoCpus,
		cpuShares: host.CpuShares,
		cpuPeriod: CpuPeriod,
		cpuQuota: CpuQuota,
		cpusetCpus: cpuset(host.CpusetCpus, 'CpusetCpus'),
		cpusetMems: cpuset(host.CpusetMems, 'CpusetMems'),
		blkioWeight: host.BlkioWeight,
		pidsLimit: host.PidsLimit,
		oomKillDisable: host.OomKillDisable,
	};
}

function cpuset(value: string, field: string): string {
	if (value !== '' && !/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/.test(value)) {
		throw new EngineError(
			'invalid_argument',
			`Invalid value ${value} for ${field === 'CpusetCpus' ? 'cpuset cpus' : 'cpuset mems'}`,
		);
	}
	return value;
}

/** A mode that is empty, one of `words`, or `container:REF` where `joins`. */
function mode(value: string, field: string, words: readonly string[], joins: boolean): string {
	if (value === '' || words.includes(value)) return value;
	if (joins && /^container:.+$/.test(value)) return value;
	throw invalidField(`HostConfig.${field}`, JSON.stringify(value));
}

function consoleSizeOf(size: readonly number[]): readonly [number, number] {
	if (size.length !== 0 && size.length !== 2) throw invalidField('HostConfig.ConsoleSize', 'expected [height, width]');
	return [size[0] ?? 0, size[1] ?? 0];
}

function hostConfigOf(host: CreateHostConfig): HostConfig {
	for (const ulimit of host.Ulimits) {
		if (!/^[a-z]+$/.test(ulimit.Name)) throw invalidField('HostConfig.Ulimits', `invalid ulimit type: ${ulimit.Name}`);
		if (ulimit.Hard !== -1 && (ulimit.Soft === -1 || ulimit.Soft > ulimit.Hard)) {
			throw invalidField(
				'HostConfig.Ulimits',
				`ulimit soft limit must be less than or equal to hard limit: ${ulimit.Soft} > ${ulimit.Hard}`,
			);
		}
	}
	for (const device of host.Devices) {
		if (!device.PathOnHost.startsWith('/'))
			throw invalidField('HostConfig.Devices', `invalid device path ${JSON.stringify(device.PathOnHost)}`);
		if (!/^[rwm]{0,3}$/.test(device.CgroupPermissions)) {
			throw invalidField('HostConfig.Devices', `invalid device mode ${JSON.stringify(device.CgroupPermissions)}`);
		}
	}
	if (host.NetworkMode === 'container:')
		throw new EngineError('invalid_argument', 'invalid container format container:<name|id>');
	return {
		mounts: mountsOf(host),
		resources: resourcesOf(host),
		ulimits: host.Ulimits.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
		devices: host.Devices.map((device) => ({
			pathOnHost: device.PathOnHost,
			pathInContainer: device.PathInContainer || device.PathOnHost,
			cgroupPermissions: device.CgroupPermissions || 'rwm',
		})),
		logDriver: host.LogConfig.Type || 'json-file',
		logOptions: host.LogConfig.Config,
		networkMode: host.NetworkMode || 'default',
		portBindings: portBindingsOf(host.PortBindings),
		publishAllPorts: host.PublishAllPorts,
		restartPolicy: restartPolicyOf(host.RestartPolicy, host.AutoRemove),
		autoRemove: host.AutoRemove,
		capAdd: host.CapAdd,
		capDrop: host.CapDrop,
		privileged: host.Privileged,
		readonlyRootfs: host.ReadonlyRootfs,
		dns: host.Dns,
		dnsOptions: host.DnsOptions,
		dnsSearch: host.DnsSearch,
		extraHosts: host.ExtraHosts,
		groupAdd: host.GroupAdd,
		ipcMode: mode(host.IpcMode, 'IpcMode', ['none', 'private', 'shareable', 'host'], true),
		pidMode: mode(host.PidMode, 'PidMode', ['host'], true),
		utsMode: mode(host.UTSMode, 'UTSMode', ['host'], false),
		cgroupnsMode: host.CgroupnsMode,
		usernsMode: mode(host.UsernsMode, 'UsernsMode', ['host'], false),
		cgroupParent: host.CgroupParent,
		securityOpt: host.SecurityOpt,
		shmSize: host.ShmSize,
		sysctls: host.Sysctls,
		runtime: host.Runtime,
		init: host.Init,
		oomScoreAdj: host.OomScoreAdj,
		maskedPaths: host.MaskedPaths,
		readonlyPaths: host.ReadonlyPaths,
		annotations: host.Annotations,
		containerIdFile: host.ContainerIDFile,
		consoleSize: consoleSizeOf(host.ConsoleSize),
		volumeDriver: host.VolumeDriver,
	};
}

function endpointsOf(
	given: Readonly<Record<string, CreateEndpoint | null>>,
	config: CreateConfig,
	host: CreateHostConfig,
): Readonly<Record<string, EndpointRequest>> {
	const result: Record<string, EndpointRequest> = {};
	const main = host.NetworkMode === '' || host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode;
	for (const [key, endpoint] of Object.entries(given)) {
		const name = key === 'default' ? 'bridge' : key;
		result[name] = {
			aliases: endpoint?.Aliases ?? [],
			ipv4: endpoint?.IPAMConfig?.IPv4Address ?? '',
			ipv6: endpoint?.IPAMConfig?.IPv6Address ?? '',
			macAddress: endpoint?.MacAddress || (name === main ? config.MacAddress : ''),
			driverOpts: endpoint?.DriverOpts ?? {},
		};
	}
	// Before API 1.44 the MAC address was a field of the container.
	if (config.MacAddress !== '' && result[main] === undefined) {
		result[main] = { aliases: [], ipv4: '', ipv6: '', macAddress: config.MacAddress, driverOpts: {} };
	}
	return result;
}
