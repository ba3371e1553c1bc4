import { EngineError } from '../../errors.ts';
import { capabilitySets, chooseCapabilities } from './capabilities.ts';
import type { HostFacts, NamespaceChoice, SpecHook, SpecInput } from './input.ts';
import { buildMounts, initPath, rootfsPropagation } from './mounts.ts';
import { buildResources, buildRlimits } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import type { OciHooks, OciLinux, OciNamespace, OciProcess, OciSeccomp, OciSpec } from './types.ts';

/** Paths that nobody in a container without privileges may read. */
export const defaultMaskedPaths: readonly string[] = [
	...['/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats'],
	...['/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware'],
	'/sys/devices/virtual/powercap',
];
/** Paths that nobody there may write. */
export const defaultReadonlyPaths: readonly string[] = [
	'/proc/bus',
	'/proc/fs',
	'/proc/irq',
	'/proc/sys',
	'/proc/sysrq-trigger',
];

/** A container's OCI configuration. Pure. @throws `invalid_argument` for what the user asked and cannot be */
export function buildSpec(input: SpecInput, host: HostFacts): OciSpec {
	const capabilities = chooseCapabilities({
		privileged: input.privileged,
		add: input.capAdd,
		drop: input.capDrop,
		available: host.capabilities,
	});
	const hasUts = input.namespaces.uts.kind !== 'host';
	return {
		ociVersion: '1.0.2',
		process: buildProcess(input, host, capabilities),
		root: { path: input.rootfs, readonly: input.readonlyRootfs },
		...(hasUts && input.hostname !== '' ? { hostname: input.hostname } : {}),
		mounts: buildMounts(input),
		...(Object.keys(input.annotations).length > 0 ? { annotations: input.annotations } : {}),
		...((input.hooks ?? []).length > 0 ? { hooks: buildHooks(input.hooks ?? []) } : {}),
		linux: buildLinux(input, host, capabilities),
	};
}

function buildHooks(given: readonly SpecHook[]): OciHooks {
	const hooks: OciHooks = {};
	for (const { name, path, args, env, timeout } of given) {
		const hook = {
			path,
			...(args.length === 0 ? {} : { args }),
			...(env.length === 0 ? {} : { env }),
			...(timeout === null ? {} : { timeout }),
		};
		hooks[name] = [...(hooks[name] ?? []), hook];
	}
	return hooks;
}

function buildProcess(input: SpecInput, host: HostFacts, capabilities: readonly string[]): OciProcess {
	if (input.args.length === 0) throw new EngineError('invalid_argument', 'no command specified');
	const rlimits = buildRlimits(input.ulimits, host);
	const size = input.tty ? input.consoleSize : null;
	const oomScoreAdj = clampOomScore(input.oomScoreAdj, host);
	return {
		terminal: input.tty,
		...(size !== null && size[0] > 0 && size[1] > 0 ? { consoleSize: { height: size[0], width: size[1] } } : {}),
		user: input.user,
		args: input.init === null ? input.args : [initPath, '--', ...input.args],
		env: input.env,
		cwd: input.cwd === '' ? '/' : input.cwd,
		capabilities: capabilitySets(capabilities),
		...(rlimits.length > 0 ? { rlimits } : {}),
		noNewPrivileges: input.noNewPrivileges,
		...(oomScoreAdj === host.oomScoreAdj ? {} : { oomScoreAdj }),
	};
}

/** Below its own value only a process with CAP_SYS_RESOURCE may go. */
function clampOomScore(wanted: number, host: HostFacts): number {
	if (wanted < -1000 || wanted > 1000) {
		throw new EngineError('invalid_argument', `Invalid value ${wanted}, range for oom score adj is [-1000, 1000]`);
	}
	return host.capabilities.includes('CAP_SYS_RESOURCE') ? wanted : Math.max(wanted, host.oomScoreAdj);
}

function buildLinux(input: SpecInput, host: HostFacts, capabilities: readonly string[]): OciLinux {
	const seccomp = chooseSeccomp(input, host, capabilities);
	const propagation = rootfsPropagation(input.mounts);
	const sysctl = buildSysctls(input);
	return {
		namespaces: buildNamespaces(input),
		cgroupsPath: input.cgroupPath,
		resources: buildResources(input, host),
		devices: input.devices.map(({ access: _, ...device }) => device),
		...(seccomp === null ? {} : { seccomp }),
		...(Object.keys(sysctl).length > 0 ? { sysctl } : {}),
		maskedPaths: input.maskedPaths ?? (input.privileged ? [] : defaultMaskedPaths),
		readonlyPaths: input.readonlyPaths ?? (input.privileged ? [] : defaultReadonlyPaths),
		...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
	};
}

function chooseSeccomp(input: SpecInput, host: HostFacts, capabilities: readonly string[]): OciSeccomp | null {
	const context = { capabilities, architecture: host.architecture, kernelRelease: host.kernelRelease };
	if (input.seccomp.kind === 'profile') return customSeccomp(input.seccomp.profile, context);
	if (input.seccomp.kind === 'unconfined' || input.privileged) return null;
	return defaultSeccomp(context);
}

function buildNamespaces({ namespaces }: SpecInput): OciNamespace[] {
	const { pid, ipc, uts, network, cgroup } = namespaces;
	return [
		{ type: 'mount' },
		...namespace('pid', pid),
		...namespace('ipc', ipc),
		...namespace('uts', uts),
		...namespace('network', network),
		...namespace('cgroup', cgroup),
	];
}

function namespace(type: OciNamespace['type'], choice: NamespaceChoice): OciNamespace[] {
	if (choice.kind === 'host') return [];
	return [choice.kind === 'path' ? { type, path: choice.path } : { type }];
}

/** With a network of its own a container may ping and bind low ports without rights, as with Docker. */
function buildSysctls({ namespaces, sysctls, domainname }: SpecInput): Record<string, string> {
	const own = namespaces.network.kind !== 'host';
	return {
		...(own ? { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' } : {}),
		...(domainname !== '' && namespaces.uts.kind !== 'host' ? { 'kernel.domainname': domainname } : {}),
		...sysctls,
	};
}
