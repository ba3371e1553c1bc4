import {
	type CreateConfig,
	type CreateEndpoint,
	type CreateHostConfig,
	decodeCreateConfig,
	decodeCreateHostConfig,
	decodeNetworkingConfig,
} from '../../../../api/create-request.ts';
import { invalidField } from '../../../../api/decode.ts';
import type { ContainerConfig, EndpointRequest, HostConfig } from '../../../../engine/containers/model.ts';
import type { CreateRequest } from '../../../../engine/containers/service.ts';
import { EngineError } from '../../../../errors.ts';
import { mountsOf } from './mount-specs.ts';
import { exposedPortsOf, portBindingsOf } from './port-specs.ts';
import { deviceRequestsOf, resourcesOf, restartPolicyOf } from './resources-request.ts';
import { refuseUnsupported } from './unsupported.ts';

/** The body of a create as the engine takes it. @throws EngineError `invalid_argument`, `unsupported`, naming the field. */
export function parseCreateRequest(body: unknown, name: string, platform: string, version: string): CreateRequest {
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
		hostConfig: hostConfigOf(host, version),
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

/** A mode that is empty, one of `words`, or `container:REF` where `joins`. */
function mode(value: string, kind: string, words: readonly string[], joins: boolean): string {
	if (value === '' || words.includes(value)) return value;
	if (joins && /^container:.+$/.test(value)) return value;
	throw new EngineError('invalid_argument', `invalid ${kind} mode: ${value}`);
}

function consoleSizeOf(size: readonly number[]): readonly [number, number] {
	if (size.length !== 0 && size.length !== 2) throw invalidField('HostConfig.ConsoleSize', 'expected [height, width]');
	return [size[0] ?? 0, size[1] ?? 0];
}

function hostConfigOf(host: CreateHostConfig, version: string): HostConfig {
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
		mounts: mountsOf(host, version),
		volumesFrom: host.VolumesFrom,
		links: host.Links,
		// Both 0 and less mean no limit.
		resources: { ...resourcesOf(host), pidsLimit: (host.PidsLimit ?? 0) > 0 ? host.PidsLimit : null },
		ulimits: host.Ulimits.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
		devices: host.Devices.map((device) => ({
			pathOnHost: device.PathOnHost,
			pathInContainer: device.PathInContainer || device.PathOnHost,
			cgroupPermissions: device.CgroupPermissions || 'rwm',
		})),
		deviceCgroupRules: host.DeviceCgroupRules,
		deviceRequests: deviceRequestsOf(host.DeviceRequests),
		logDriver: host.LogConfig.Type,
		logOptions: host.LogConfig.Config,
		networkMode: host.NetworkMode || 'default',
		portBindings: portBindingsOf(host.PortBindings),
		publishAllPorts: host.PublishAllPorts,
		restartPolicy: restartPolicyOf(host.RestartPolicy),
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
		ipcMode: mode(host.IpcMode, 'IPC', ['none', 'private', 'shareable', 'host'], true),
		pidMode: mode(host.PidMode, 'PID', ['host'], true),
		utsMode: mode(host.UTSMode, 'UTS', ['host'], false),
		cgroupnsMode: host.CgroupnsMode,
		usernsMode: mode(host.UsernsMode, 'userns', ['host'], false),
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
	if (config.MacAddress !== '' && (main === 'host' || main.startsWith('container:'))) {
		throw new EngineError('invalid_argument', 'conflicting options: mac-address and the network mode');
	}
	// Before API 1.44 the MAC address was a field of the container.
	if (config.MacAddress !== '' && result[main] === undefined) {
		result[main] = { aliases: [], ipv4: '', ipv6: '', macAddress: config.MacAddress, driverOpts: {} };
	}
	return result;
}
