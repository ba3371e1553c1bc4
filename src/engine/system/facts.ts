import { existsSync, readdirSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { cgroupFacts } from './cgroup-facts.ts';
import { readOptional } from './host-files.ts';
import type { SystemFacts } from './service.ts';
import { storageStatus } from './storage-facts.ts';

function osRelease(): { pretty: string; version: string } {
	const text = readOptional('/etc/os-release') ?? readOptional('/usr/lib/os-release') ?? '';
	const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
	return { pretty: field('PRETTY_NAME') || 'Linux', version: field('VERSION_ID') };
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
	| 'dataRoot'
	| 'labels'
	| 'debug'
	| 'insecureRegistries'
	| 'registryMirrors'
	| 'cdiSpecDirs'
	| 'logDrivers'
	| 'loggingDriver'
	| 'networkDrivers'
	| 'openApis'
	| 'privateCgroupns'
> & {
	/** Of containers that do not say: `builtin`, `unconfined` or a file. */
	readonly seccompProfile: string;
	readonly noNewPrivileges: boolean;
};

const architectures: Readonly<Record<string, { machine: string; go: string }>> = {
	x64: { machine: 'x86_64', go: 'amd64' },
	arm64: { machine: 'aarch64', go: 'arm64' },
};

/** The daemon's and its host's facts, read now. */
export function readFacts(own: OwnFacts): SystemFacts {
	const os = osRelease();
	const architecture = architectures[arch()] ?? { machine: arch(), go: arch() };
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
		cgroups: cgroupFacts(),
		cgroupDriver: 'cgroupfs',
		storage: storageStatus(own.dataRoot),
		securityOptions: securityOptions(own),
		ipv4Forwarding: readOptional('/proc/sys/net/ipv4/ip_forward')?.trim() === '1',
		proxies: proxies(process.env),
	};
}

/** What confines containers on this host, in Docker's notation. */
function securityOptions({ privateCgroupns, seccompProfile, noNewPrivileges }: OwnFacts): string[] {
	return [
		...(existsSync('/proc/sys/kernel/seccomp') ? [`name=seccomp,profile=${seccompProfile}`] : []),
		...(process.getuid?.() === 0 ? [] : ['name=rootless']),
		...(privateCgroupns && existsSync('/proc/self/ns/cgroup') ? ['name=cgroupns'] : []),
		...(noNewPrivileges ? ['name=no-new-privileges'] : []),
	];
}

function proxies(env: Readonly<Record<string, string | undefined>>): SystemFacts['proxies'] {
	const of = (name: string) => withoutCredentials(env[name] || env[name.toLowerCase()] || '');
	return { http: of('HTTP_PROXY'), https: of('HTTPS_PROXY'), none: env.NO_PROXY || env.no_proxy || '' };
}

/** A proxy's address may carry a password: everybody who may ask for facts would see it. */
function withoutCredentials(address: string): string {
	return address.replace(/^([a-z0-9+.-]+:\/\/)?[^/@]*@/i, '$1xxxxx:xxxxx@');
}

/** How many descriptors the daemon holds. */
export function countDescriptors(): number {
	return readdirSync('/proc/self/fd').length;
}

/** How many threads the daemon has. */
export function countThreads(): number {
	return readdirSync('/proc/self/task').length;
}
