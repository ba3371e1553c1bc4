import { readdirSync, readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import type { SystemFacts } from './service.ts';

/** The file's text, or null where this host has no such file. */
function readOptional(path: string): string | null {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
		throw error;
	}
}

function osRelease(): { pretty: string; version: string } {
	const text = readOptional('/etc/os-release') ?? readOptional('/usr/lib/os-release') ?? '';
	const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
	return { pretty: field('PRETTY_NAME') || 'Linux', version: field('VERSION_ID') };
}

/** Version and controllers of the cgroup hierarchy that limits are set in. */
export function cgroupFacts(): { version: '1' | '2'; controllers: ReadonlySet<string>; swapLimit: boolean } {
	const unified = readOptional('/sys/fs/cgroup/cgroup.controllers');
	if (unified !== null) {
		return { version: '2', controllers: new Set(unified.trim().split(/\s+/)), swapLimit: true };
	}
	const controllers = new Set(
		(readOptional('/proc/cgroups') ?? '')
			.split('\n')
			.slice(1)
			.map((line) => line.split('\t'))
			.filter((columns) => columns[3] === '1' && columns[1] !== '0')
			.map((columns) => columns[0] ?? ''),
	);
	return {
		version: '1',
		controllers,
		swapLimit: readOptional('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes') !== null,
	};
}

/** What only the daemon knows of itself. */
export type OwnFacts = Pick<
	SystemFacts,
	| 'id'
	| 'version'
	| 'gitCommit'
	| 'buildTime'
	| 'startedAt'
	| 'runtimes'
	| 'defaultRuntime'
	| 'runtimeVersion'
	| 'dataRoot'
	| 'labels'
	| 'debug'
	| 'insecureRegistries'
	| 'registryMirrors'
>;

const architectures: Readonly<Record<string, { machine: string; go: string }>> = {
	x64: { machine: 'x86_64', go: 'amd64' },
	arm64: { machine: 'aarch64', go: 'arm64' },
};

/** The daemon's and its host's facts, read now. */
export function readFacts(own: OwnFacts): SystemFacts {
	const cgroup = cgroupFacts();
	const os = osRelease();
	const architecture = architectures[arch()] ?? { machine: arch(), go: arch() };
	const flag = (path: string) => readOptional(path)?.trim() === '1';
	return {
		...own,
		name: hostname(),
		kernelVersion: release(),
		operatingSystem: os.pretty,
		osVersion: os.version,
		machine: architecture.machine,
		architecture: architecture.go,
		cpus: cpus().length,
		memory: totalmem(),
		cgroupVersion: cgroup.version,
		cgroupDriver: 'cgroupfs',
		controllers: cgroup.controllers,
		swapLimit: cgroup.swapLimit,
		securityOptions: ['name=seccomp,profile=builtin', ...(cgroup.version === '2' ? ['name=cgroupns'] : [])],
		bridgeNfIptables: flag('/proc/sys/net/bridge/bridge-nf-call-iptables'),
		ipv4Forwarding: flag('/proc/sys/net/ipv4/ip_forward'),
	};
}

/** How many descriptors the daemon holds. */
export function countDescriptors(): number {
	return readdirSync('/proc/self/fd').length;
}
