import type { SystemInfo } from '../../../api/system.ts';
import type { ContainerQueries } from '../../../engine/containers/service.ts';
import type { ImageStore } from '../../../engine/images/service.ts';
import type { ProgramFacts, System, SystemFacts } from '../../../engine/system/service.ts';

/** The key under which a runtime's status has its features. Source: OCI runtime-spec, features. */
const featuresKey = 'org.opencontainers.runtime-spec.features';
/** Registries on loopback may always do without TLS. */
const loopback = ['::1/128', '127.0.0.0/8'];

/** The answer of `GET /info`. */
export async function infoResponse(system: System, queries: ContainerQueries, images: ImageStore): Promise<SystemInfo> {
	const facts = system.facts();
	const programs = await system.programs();
	return {
		ID: facts.id,
		...containerCounts(queries),
		Images: images.summary().count,
		Driver: 'overlay2',
		DriverStatus: facts.storage.map(([name, value]) => [name, value]),
		DockerRootDir: facts.dataRoot,
		Plugins: {
			Volume: ['local'],
			Network: [...facts.networkDrivers],
			Authorization: null,
			Log: [...facts.logDrivers],
		},
		...limitFlags(facts),
		...daemonState(system, facts),
		...hostFacts(facts),
		IndexServerAddress: 'https://index.docker.io/v1/',
		RegistryConfig: registryConfig(facts),
		GenericResources: null,
		HttpProxy: facts.proxies.http,
		HttpsProxy: facts.proxies.https,
		NoProxy: facts.proxies.none,
		Labels: [...facts.labels],
		ExperimentalBuild: false,
		ServerVersion: facts.version,
		...runtimeFacts(facts, programs),
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
		SecurityOptions: [...facts.securityOptions],
		FirewallBackend: { Driver: 'nftables' },
		CDISpecDirs: [...facts.cdiSpecDirs],
		Warnings: warnings(facts),
	};
}

/** Docker counts one that waits to be started again as stopped. */
function containerCounts(queries: ContainerQueries): SystemInfo {
	const containers = queries.list({ all: true, limit: 0, filters: new Map() });
	const count = (at: string) => containers.filter(({ state }) => state.at === at).length;
	const running = count('running');
	const paused = count('paused');
	return {
		Containers: containers.length,
		ContainersRunning: running,
		ContainersPaused: paused,
		ContainersStopped: containers.length - running - paused,
	};
}

function limitFlags({ cgroups, ipv4Forwarding }: SystemFacts): SystemInfo {
	const has = (controller: string) => cgroups.controllers.has(controller);
	return {
		MemoryLimit: has('memory'),
		SwapLimit: cgroups.swapLimit,
		...(cgroups.kernelMemoryTcp ? { KernelMemoryTCP: true } : {}),
		CpuCfsPeriod: cgroups.cpuPeriod,
		CpuCfsQuota: cgroups.cpuQuota,
		CPUShares: cgroups.cpuShares,
		CPUSet: has('cpuset'),
		PidsLimit: has('pids'),
		OomKillDisable: cgroups.oomKillDisable,
		IPv4Forwarding: ipv4Forwarding,
	};
}

function daemonState(system: System, facts: SystemFacts): SystemInfo {
	const { fileDescriptors, threads, eventListeners } = system.counters();
	return {
		Debug: facts.debug,
		NFd: fileDescriptors,
		// What does work at the same time: threads here.
		NGoroutines: threads,
		SystemTime: new Date().toISOString(),
		LoggingDriver: facts.loggingDriver,
		CgroupDriver: facts.cgroupDriver,
		CgroupVersion: facts.cgroups.version,
		NEventsListener: eventListeners,
	};
}

function hostFacts(facts: SystemFacts): SystemInfo {
	return {
		KernelVersion: facts.kernelVersion,
		OperatingSystem: facts.operatingSystem,
		OSVersion: facts.osVersion,
		OSType: 'linux',
		Architecture: facts.machine,
		NCPU: facts.cpus,
		MemTotal: facts.memory,
		Name: facts.name,
	};
}

function runtimeFacts(facts: SystemFacts, { features, init }: ProgramFacts): SystemInfo {
	const runc = facts.runtimes.get('runc');
	return {
		Runtimes: Object.fromEntries(
			[...facts.runtimes].map(([name, { path, args }]) => {
				const feature = features.get(name);
				return [
					name,
					{
						path,
						...(args.length === 0 ? {} : { runtimeArgs: [...args] }),
						...(feature === undefined ? {} : { status: { [featuresKey]: feature } }),
					},
				];
			}),
		),
		DefaultRuntime: facts.defaultRuntime,
		InitBinary: init?.path.split('/').at(-1) ?? '',
		// There is none: the daemon keeps its containers itself.
		ContainerdCommit: { ID: '' },
		RuncCommit: { ID: runc === undefined ? '' : runc.commit || runc.version },
		InitCommit: { ID: init === null ? '' : init.commit || init.version },
	};
}

function registryConfig(facts: SystemFacts): NonNullable<SystemInfo['RegistryConfig']> {
	const networks = facts.insecureRegistries.filter((entry) => entry.includes('/'));
	const hosts = facts.insecureRegistries.filter((entry) => !entry.includes('/'));
	const mirrors = facts.registryMirrors.map((mirror) => `${mirror.replace(/\/+$/, '')}/`);
	return {
		InsecureRegistryCIDRs: [...networks.filter((entry) => !loopback.includes(entry)), ...loopback],
		IndexConfigs: Object.fromEntries([
			...hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]),
			['docker.io', { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true }],
		]),
		Mirrors: mirrors,
	};
}

function warnings({ cgroups, ipv4Forwarding, openApis }: SystemFacts): string[] {
	const v1 = cgroups.version === '1';
	const unless = (present: boolean, text: string) => (present ? [] : [`WARNING: ${text}`]);
	return [
		...openApis.map(({ address, encrypted }) =>
			encrypted
				? `WARNING: API is accessible on https://${address} without TLS client verification: whoever reaches it is root on this host`
				: `WARNING: API is accessible on http://${address} without encryption: whoever reaches it is root on this host`,
		),
		...unless(cgroups.controllers.has('memory'), 'No memory limit support'),
		...unless(cgroups.swapLimit, 'No swap limit support'),
		...unless(!v1 || cgroups.kernelMemoryTcp, 'No kernel memory TCP limit support'),
		...unless(!v1 || cgroups.oomKillDisable, 'No oom kill disable support'),
		...unless(cgroups.cpuQuota, 'No cpu cfs quota support'),
		...unless(cgroups.cpuPeriod, 'No cpu cfs period support'),
		...unless(cgroups.cpuShares, 'No cpu shares support'),
		...unless(cgroups.controllers.has('cpuset'), 'No cpuset support'),
		...unless(cgroups.controllers.has('pids'), 'No pids limit support'),
		...unless(ipv4Forwarding, 'IPv4 forwarding is disabled'),
	];
}
