import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../../errors.ts';
import { writeBundle } from '../../../runtime/bundle/bundle.ts';
import { execProcess } from '../../../runtime/bundle/exec-process.ts';
import { applyCdiEdits } from '../../../runtime/cdi/apply.ts';
import { resolveCdiDevices } from '../../../runtime/cdi/devices.ts';
import type { RuntimeProgram } from '../../../runtime/protocol.ts';
import { buildSpec } from '../../../runtime/spec/build.ts';
import { chooseCapabilities } from '../../../runtime/spec/capabilities.ts';
import { defaultEnv } from '../../../runtime/spec/env.ts';
import { findDevices, hostDevices } from '../../../runtime/spec/host.ts';
import type { HostFacts, NamespaceChoice, ShmChoice, SpecInput, SpecMount } from '../../../runtime/spec/input.ts';
import { parseDeviceRule } from '../../../runtime/spec/resources.ts';
import type { OciSpec } from '../../../runtime/spec/types.ts';
import { resolveUser } from '../../../runtime/spec/user.ts';
import type { ContainerDefaults } from '../defaults.ts';
import type { Layout } from '../layout.ts';
import type { BundleWriter } from '../life/launch.ts';
import type { HostConfig } from '../model.ts';
import type { ExecDependencies } from '../streams/execs.ts';
import { withDaemonDefaults } from './daemon-defaults.ts';
import { cdiNames } from './device-requests.ts';
import { initProgramOf } from './init-program.ts';
import { joinedContainer } from './joins.ts';
import { parseSecurityOptions } from './security-options.ts';

/** What is only known of other containers: the process whose namespaces are to be joined. */
export type PidOf = (ref: string) => number;

/** @throws `invalid_argument` for what no specification can be made of; at create, before anything is made. */
export function checkSpecifiable(hostConfig: HostConfig, host: HostFacts, defaults: ContainerDefaults): void {
	parseSecurityOptions(hostConfig.securityOpt);
	chooseCapabilities({
		privileged: hostConfig.privileged,
		add: hostConfig.capAdd,
		drop: hostConfig.capDrop,
		available: host.capabilities,
	});
	if (!['', 'host'].includes(hostConfig.pidMode) && !/^container:./.test(hostConfig.pidMode)) {
		throw new EngineError('invalid_argument', `invalid PID mode: ${hostConfig.pidMode}`);
	}
	if (!['', 'host'].includes(hostConfig.utsMode)) {
		throw new EngineError('invalid_argument', `invalid UTS mode: ${hostConfig.utsMode}`);
	}
	if (!['', 'private', 'host'].includes(hostConfig.cgroupnsMode)) {
		throw new EngineError('invalid_argument', `invalid cgroup namespace mode: ${hostConfig.cgroupnsMode}`);
	}
	checkRanges(hostConfig);
	(hostConfig.deviceCgroupRules ?? []).forEach(parseDeviceRule);
	cdiNames(hostConfig.deviceRequests ?? []);
	initProgramOf(hostConfig, defaults);
}

function checkRanges({ oomScoreAdj, shmSize }: HostConfig): void {
	if (oomScoreAdj < -1000 || oomScoreAdj > 1000) {
		throw new EngineError('invalid_argument', `Invalid value ${oomScoreAdj}, range for oom score adj is [-1000, 1000]`);
	}
	if (shmSize < 0) throw new EngineError('invalid_argument', 'SHM size can not be less than 0');
}

function choose(mode: string): NamespaceChoice {
	return mode === 'host' ? { kind: 'host' } : { kind: 'private' };
}

function joinable(kind: 'pid' | 'ipc', mode: string, pidOf: PidOf): NamespaceChoice {
	const other = joinedContainer(mode);
	return other === null ? choose(mode) : { kind: 'path', path: `/proc/${pidOf(other)}/ns/${kind}` };
}

function shmOf(hostConfig: HostConfig): ShmChoice {
	if (hostConfig.ipcMode === 'host') return { kind: 'bind', source: '/dev/shm' };
	// What is shared is mounted on the host, for more than one container.
	if (hostConfig.ipcMode !== 'private') return { kind: 'none' };
	return { kind: 'private', size: hostConfig.shmSize };
}

/** The files that the engine mounts, except where the user mounts something of his own. */
function fileMounts(
	files: Parameters<BundleWriter>[0]['files'],
	taken: ReadonlySet<string>,
	readOnly: boolean,
): SpecMount[] {
	return [
		{ source: files.resolvConf, target: '/etc/resolv.conf' },
		{ source: files.hostname, target: '/etc/hostname' },
		{ source: files.hosts, target: '/etc/hosts' },
	]
		.filter((one) => !taken.has(one.target))
		.map((one) => ({ ...one, type: 'bind', readOnly, propagation: 'rprivate', nonRecursive: false }));
}

function specInput(given: Parameters<BundleWriter>[0], pidOf: PidOf, defaults: ContainerDefaults): SpecInput {
	const { container, rootfs, sandbox, mounts, linkEnv, files, cgroupPath } = given;
	const { config, hostConfig } = container;
	const { hostname, domainname } = sandbox.identity ?? config;
	const security = parseSecurityOptions(hostConfig.securityOpt);
	const { home, ...user } = resolveUser(rootfs, config.user, hostConfig.groupAdd);
	const taken = new Set(mounts.map((one) => one.target));
	return {
		args: [container.path, ...container.args],
		env: defaultEnv({ env: [...linkEnv, ...config.env], hostname, tty: config.tty, home }),
		cwd: config.workingDir || '/',
		user,
		tty: config.tty,
		consoleSize: hostConfig.consoleSize[0] > 0 ? hostConfig.consoleSize : null,
		hostname,
		domainname,
		rootfs,
		readonlyRootfs: hostConfig.readonlyRootfs,
		mounts: [...fileMounts(files, taken, false), ...mounts],
		shm: shmOf(hostConfig),
		privileged: hostConfig.privileged,
		capAdd: hostConfig.capAdd,
		capDrop: hostConfig.capDrop,
		noNewPrivileges: security.noNewPrivileges,
		seccomp: security.seccomp,
		ulimits: hostConfig.ulimits,
		devices: hostConfig.privileged ? hostDevices() : hostConfig.devices.flatMap(findDevices),
		deviceCgroupRules: hostConfig.deviceCgroupRules ?? [],
		resources: hostConfig.resources,
		namespaces: {
			pid: joinable('pid', hostConfig.pidMode, pidOf),
			ipc: joinable('ipc', hostConfig.ipcMode, pidOf),
			uts: choose(hostConfig.utsMode),
			network: sandbox.netns,
			cgroup: choose(hostConfig.cgroupnsMode),
		},
		sysctls: networkSysctls(hostConfig, sandbox.netns.kind),
		oomScoreAdj: hostConfig.oomScoreAdj,
		maskedPaths: security.systemPathsUnconfined ? [] : hostConfig.maskedPaths,
		readonlyPaths: security.systemPathsUnconfined ? [] : hostConfig.readonlyPaths,
		annotations: hostConfig.annotations,
		init: initProgramOf(hostConfig, defaults),
		cgroupPath,
	};
}

/** In a namespace that the runtime makes, low ports and ping need no privilege, as in those that networks makes. */
function networkSysctls(hostConfig: HostConfig, netns: 'host' | 'private' | 'path'): Readonly<Record<string, string>> {
	if (netns !== 'private') return hostConfig.sysctls;
	return {
		'net.ipv4.ip_unprivileged_port_start': '0',
		'net.ipv4.ping_group_range': '0 2147483647',
		...hostConfig.sysctls,
	};
}

/** Writes bundles for this host. */
export function createBundleWriter(dependencies: {
	readonly host: HostFacts;
	readonly pidOf: PidOf;
	readonly bundlesDir: string;
	/** Where devices are described, CDI; later ones win. */
	readonly cdiSpecDirs: readonly string[];
	readonly runtimeOf: (name: string) => RuntimeProgram;
	/** As of now. */
	readonly defaults: () => ContainerDefaults;
}): BundleWriter {
	const { host, pidOf, bundlesDir, cdiSpecDirs, runtimeOf, defaults } = dependencies;
	return async (given) => {
		const { id, hostConfig } = given.container;
		const edits = resolveCdiDevices(cdiSpecDirs, cdiNames(hostConfig.deviceRequests ?? []));
		const now = defaults();
		const input = applyCdiEdits(
			specInput({ ...given, container: withDaemonDefaults(given.container, now) }, pidOf, now),
			edits,
		);
		writeBundle(bundlesDir, id, buildSpec(input, host), runtimeOf(hostConfig.runtime));
	};
}

/** Makes the process documents of execs from the containers' bundles. */
export function createProcessDocuments(layout: Layout, host: HostFacts): ExecDependencies['processDocument'] {
	return async (container, process) => {
		if (container.state.at !== 'running') throw new EngineError('conflict', `container ${container.id} is not running`);
		const text = await readFile(join(layout.files(container.id).bundle, 'config.json'), 'utf8');
		return execProcess(
			{
				args: process.cmd,
				env: process.env,
				cwd: process.workingDir,
				user: process.user,
				tty: process.tty,
				privileged: process.privileged,
				consoleSize: process.consoleSize,
			},
			{ spec: JSON.parse(text) as OciSpec, rootfs: `/proc/${container.state.pid}/root`, host },
		);
	};
}
