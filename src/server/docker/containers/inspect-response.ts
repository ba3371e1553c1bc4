import type * as wire from '../../../api/container.ts';
import type { HealthState } from '../../../engine/containers/health/healthcheck.ts';
import type { Container, ContainerConfig } from '../../../engine/containers/model.ts';
import type { ContainerPaths, ContainerSize } from '../../../engine/containers/service.ts';
import { hostConfigResponse } from './host-config-response.ts';
import { mountPointsResponse } from './mount-response.ts';
import { networkSettings } from './network-settings.ts';
import { stateResponse } from './state.ts';

/** What inspect shows beside the record. */
export interface InspectDetails {
	readonly paths: ContainerPaths;
	readonly execIds: readonly string[];
	/** `/other:/this/alias`. */
	readonly links: readonly string[];
	readonly health: HealthState | null;
	/** null: not asked for. */
	readonly size: ContainerSize | null;
}

/** The whole answer of `GET /containers/{id}/json`. */
export function inspectResponse(container: Container, details: InspectDetails): wire.ContainerInspectResponse {
	const { paths, execIds, size } = details;
	const { graph } = paths;
	return {
		Id: container.id,
		Created: container.createdAt,
		Path: container.path,
		Args: [...container.args],
		State: stateResponse(container.state, details.health),
		Image: container.imageId,
		ResolvConfPath: paths.resolvConf,
		HostnamePath: paths.hostname,
		HostsPath: paths.hosts,
		LogPath: paths.log,
		Name: `/${container.name}`,
		RestartCount: container.restartCount,
		Driver: 'overlay2',
		Platform: container.platform.split('/')[0] ?? 'linux',
		MountLabel: '',
		ProcessLabel: '',
		AppArmorProfile: '',
		ExecIDs: execIds.length === 0 ? null : [...execIds],
		HostConfig: hostConfigResponse(container.hostConfig, details.links),
		GraphDriver: {
			Name: 'overlay2',
			Data:
				graph === null
					? null
					: {
							ID: container.id,
							LowerDir: graph.lower.join(':'),
							MergedDir: graph.merged,
							UpperDir: graph.upper,
							WorkDir: graph.work,
						},
		},
		...(size === null ? {} : { SizeRw: size.rw, SizeRootFs: size.rootFs }),
		Mounts: mountPointsResponse(container),
		Config: configResponse(container.config),
		NetworkSettings: networkSettings(container, paths.sandboxKey),
	};
}

function keysOf(keys: readonly string[]): Record<string, Record<string, unknown>> {
	return Object.fromEntries(keys.map((key) => [key, {}]));
}

function configResponse(config: ContainerConfig): wire.ContainerConfig {
	return {
		Hostname: config.hostname,
		Domainname: config.domainname,
		User: config.user,
		AttachStdin: config.attachStdin,
		AttachStdout: config.attachStdout,
		AttachStderr: config.attachStderr,
		...(config.exposedPorts.length === 0 ? {} : { ExposedPorts: keysOf(config.exposedPorts) }),
		Tty: config.tty,
		OpenStdin: config.openStdin,
		StdinOnce: config.stdinOnce,
		Env: [...config.env],
		Cmd: config.cmd === null ? null : [...config.cmd],
		...(config.healthcheck === null ? {} : { Healthcheck: healthcheck(config.healthcheck) }),
		...(config.argsEscaped ? { ArgsEscaped: true } : {}),
		Image: config.image,
		Volumes: config.volumes.length === 0 ? null : keysOf(config.volumes),
		WorkingDir: config.workingDir,
		Entrypoint: config.entrypoint === null ? null : [...config.entrypoint],
		...(config.networkDisabled ? { NetworkDisabled: true } : {}),
		OnBuild: config.onBuild === null ? null : [...config.onBuild],
		Labels: config.labels,
		...(config.stopSignal === null ? {} : { StopSignal: config.stopSignal }),
		...(config.stopTimeout === null ? {} : { StopTimeout: config.stopTimeout }),
		...(config.shell === null || config.shell.length === 0 ? {} : { Shell: [...config.shell] }),
	};
}

/** Go leaves zero values of these out. */
function healthcheck(given: NonNullable<ContainerConfig['healthcheck']>): wire.HealthConfig {
	const { Test, ...times } = given;
	return {
		...(Test === undefined || Test.length === 0 ? {} : { Test: [...Test] }),
		...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== 0)),
	};
}
