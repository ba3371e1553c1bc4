import type { SystemInfo, SystemVersion } from '../../../api/system.ts';
import { apiVersion, minApiVersion } from '../../../api/versions.ts';
import type { ContainerQueries } from '../../../engine/containers/service.ts';
import type { ImageStore } from '../../../engine/images/service.ts';
import type { System, SystemFacts } from '../../../engine/system/service.ts';
import { isUp } from '../containers/state.ts';

/** The answer of `GET /version`. */
export function versionResponse(facts: SystemFacts): SystemVersion {
	const details = {
		ApiVersion: apiVersion,
		MinAPIVersion: minApiVersion,
		Arch: facts.architecture,
		BuildTime: facts.buildTime,
		Experimental: 'false',
		GitCommit: facts.gitCommit,
		GoVersion: '',
		KernelVersion: facts.kernelVersion,
		Os: 'linux',
	};
	return {
		Platform: { Name: 'Gantry' },
		Components: [
			{ Name: 'Engine', Version: facts.version, Details: details },
			{ Name: facts.defaultRuntime, Version: facts.runtimeVersion, Details: { GitCommit: '' } },
		],
		Version: facts.version,
		ApiVersion: apiVersion,
		MinAPIVersion: minApiVersion,
		GitCommit: facts.gitCommit,
		GoVersion: '',
		Os: 'linux',
		Arch: facts.architecture,
		KernelVersion: facts.kernelVersion,
		Experimental: false,
		BuildTime: facts.buildTime,
	};
}

/** The answer of `GET /info`. */
export function infoResponse(system: System, queries: ContainerQueries, images: ImageStore): SystemInfo {
	const facts = system.facts();
	const counters = system.counters();
	const containers = queries.list({ all: true, limit: 0, filters: new Map() });
	const running = containers.filter(({ state }) => state.at === 'running').length;
	const paused = containers.filter(({ state }) => state.at === 'paused').length;
	const has = (controller: string) => facts.controllers.has(controller);
	return {
		ID: facts.id,
		Containers: containers.length,
		ContainersRunning: running,
		ContainersPaused: paused,
		ContainersStopped: containers.filter(({ state }) => !isUp(state)).length,
		Images: images.summary().count,
		Driver: 'overlay2',
		DriverStatus: [],
		DockerRootDir: facts.dataRoot,
		Plugins: {
			Volume: ['local'],
			Network: ['bridge', 'host', 'null'],
			Authorization: null,
			Log: ['json-file', 'none'],
		},
		MemoryLimit: has('memory'),
		SwapLimit: facts.swapLimit,
		CpuCfsPeriod: has('cpu'),
		CpuCfsQuota: has('cpu'),
		CPUShares: has('cpu'),
		CPUSet: has('cpuset'),
		PidsLimit: has('pids'),
		OomKillDisable: facts.cgroupVersion === '1' && has('memory'),
		IPv4Forwarding: facts.ipv4Forwarding,
		Debug: facts.debug,
		NFd: counters.fileDescriptors,
		NGoroutines: 0,
		SystemTime: new Date().toISOString(),
		LoggingDriver: 'json-file',
		CgroupDriver: facts.cgroupDriver,
		CgroupVersion: facts.cgroupVersion,
		NEventsListener: counters.eventListeners,
		KernelVersion: facts.kernelVersion,
		OperatingSystem: facts.operatingSystem,
		OSVersion: facts.osVersion,
		OSType: 'linux',
		Architecture: facts.machine,
		NCPU: facts.cpus,
		MemTotal: facts.memory,
		IndexServerAddress: 'https://index.docker.io/v1/',
		RegistryConfig: registryConfig(facts),
		GenericResources: null,
		HttpProxy: '',
		HttpsProxy: '',
		NoProxy: '',
		Name: facts.name,
		Labels: [...facts.labels],
		ExperimentalBuild: false,
		ServerVersion: facts.version,
		Runtimes: Object.fromEntries(
			[...facts.runtimes].map(([name, { path, args }]) => [
				name,
				{ path, ...(args.length === 0 ? {} : { runtimeArgs: [...args] }) },
			]),
		),
		DefaultRuntime: facts.defaultRuntime,
		Swarm: {
			NodeID: '',
			NodeAddr: '',
			LocalNodeState: 'inactive',
			ControlAvailable: false,
			Error: '',
			RemoteManagers: null,
		},
		// There is no switch for it: containers always outlive the daemon.
		LiveRestoreEnabled: true,
		Isolation: '',
		InitBinary: '',
		ContainerdCommit: { ID: '' },
		RuncCommit: { ID: facts.runtimeVersion },
		InitCommit: { ID: '' },
		SecurityOptions: [...facts.securityOptions],
		FirewallBackend: { Driver: 'nftables' },
		CDISpecDirs: [],
		Warnings: warnings(facts),
	};
}

function registryConfig(facts: SystemFacts): NonNullable<SystemInfo['RegistryConfig']> {
	const cidrs = facts.insecureRegistries.filter((entry) => entry.includes('/'));
	const hosts = facts.insecureRegistries.filter((entry) => !entry.includes('/'));
	const mirrors = [...facts.registryMirrors];
	return {
		InsecureRegistryCIDRs: cidrs,
		IndexConfigs: Object.fromEntries([
			...hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]),
			['docker.io', { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true }],
		]),
		Mirrors: mirrors,
	};
}

function warnings(facts: SystemFacts): string[] {
	const missing = (controller: string, what: string) =>
		facts.controllers.has(controller) ? [] : [`WARNING: No ${what} support`];
	return [
		...missing('memory', 'memory limit'),
		...(facts.swapLimit ? [] : ['WARNING: No swap limit support']),
		...missing('cpu', 'cpu cfs quota'),
		...missing('cpuset', 'cpuset'),
		...missing('pids', 'pids limit'),
	];
}
