import type { SystemInfo } from '../../api/system.ts';
import { binarySize } from '../render/units.ts';

/** What the daemon says of itself, for people; warnings apart. */
export function serverInfoText(info: SystemInfo): { text: string; warnings: readonly string[] } {
	const lines = [
		...countLines(info),
		...driverLines(info),
		...pluginLines(info),
		...runtimeLines(info),
		...securityLines(info),
		...hostLines(info),
		...registryLines(info),
	];
	return { text: `${lines.join('\n')}\n\n`, warnings: info.Warnings ?? [] };
}

const field = (name: string, value: unknown) => ` ${name}: ${value ?? ''}`;
const optional = (name: string, value: string | undefined) => (value ? [field(name, value)] : []);

function countLines(info: SystemInfo): string[] {
	return [
		field('Containers', info.Containers),
		` ${field('Running', info.ContainersRunning)}`,
		` ${field('Paused', info.ContainersPaused)}`,
		` ${field('Stopped', info.ContainersStopped)}`,
		field('Images', info.Images),
		...optional('Server Version', info.ServerVersion),
	];
}

function driverLines(info: SystemInfo): string[] {
	return [
		field('Storage Driver', info.Driver),
		...(info.DriverStatus ?? []).map(([name, value]) => ` ${field(name ?? '', value)}`),
		...optional('Logging Driver', info.LoggingDriver),
		...optional('Cgroup Driver', info.CgroupDriver),
		...optional('Cgroup Version', info.CgroupVersion),
	];
}

function pluginLines(info: SystemInfo): string[] {
	const { Volume, Network, Authorization, Log } = info.Plugins ?? {};
	const swarm = (info.Swarm as { LocalNodeState?: string } | null | undefined)?.LocalNodeState;
	return [
		' Plugins:',
		` ${field('Volume', (Volume ?? []).join(' '))}`,
		` ${field('Network', (Network ?? []).join(' '))}`,
		...((Authorization ?? []).length > 0 ? [` ${field('Authorization', (Authorization ?? []).join(' '))}`] : []),
		` ${field('Log', (Log ?? []).join(' '))}`,
		...(info.CDISpecDirs && info.CDISpecDirs.length > 0
			? [' CDI spec directories:', ...info.CDISpecDirs.map((folder) => `  ${folder}`)]
			: []),
		...optional('Swarm', swarm),
	];
}

function runtimeLines(info: SystemInfo): string[] {
	const runtimes = Object.keys(info.Runtimes ?? {});
	return [
		...(runtimes.length > 0 ? [field('Runtimes', runtimes.sort().join(' '))] : []),
		...optional('Default Runtime', info.DefaultRuntime),
		...optional('Init Binary', info.InitBinary),
		...(info.ContainerdCommit === undefined ? [] : [field('containerd version', info.ContainerdCommit.ID)]),
		...(info.RuncCommit === undefined ? [] : [field('runc version', info.RuncCommit.ID)]),
		...(info.InitCommit === undefined ? [] : [field('init version', info.InitCommit.ID)]),
	];
}

function securityLines(info: SystemInfo): string[] {
	const options = info.SecurityOptions ?? [];
	if (options.length === 0) return [];
	return [
		' Security Options:',
		...options.flatMap((option) => {
			const pairs = option.split(',').map((pair) => pair.split('='));
			const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
			const rest = pairs.filter(([key]) => key !== 'name');
			const title = (key: string) => key.slice(0, 1).toUpperCase() + key.slice(1);
			return [`  ${name}`, ...rest.map(([key = '', value = '']) => `   ${title(key)}: ${value}`)];
		}),
	];
}

function hostLines(info: SystemInfo): string[] {
	return [
		...optional('Kernel Version', info.KernelVersion),
		...optional('Operating System', info.OperatingSystem),
		...optional('OSType', info.OSType),
		...optional('Architecture', info.Architecture),
		field('CPUs', info.NCPU),
		field('Total Memory', binarySize(info.MemTotal ?? 0)),
		...optional('Name', info.Name),
		...optional('ID', info.ID),
		...optional('Docker Root Dir', info.DockerRootDir),
		field('Debug Mode', info.Debug ?? false),
		...(info.Labels && info.Labels.length > 0 ? [' Labels:', ...info.Labels.map((label) => `  ${label}`)] : []),
		field('Experimental', info.ExperimentalBuild ?? false),
	];
}

function registryLines(info: SystemInfo): string[] {
	const { InsecureRegistryCIDRs, IndexConfigs, Mirrors } = info.RegistryConfig ?? {};
	const insecure = Object.values(IndexConfigs ?? {}).filter((index) => index.Secure === false);
	const hosts = [...insecure.map((index) => index.Name ?? ''), ...(InsecureRegistryCIDRs ?? [])];
	return [
		...(hosts.length > 0 ? [' Insecure Registries:', ...hosts.map((host) => `  ${host}`)] : []),
		...(Mirrors && Mirrors.length > 0 ? [' Registry Mirrors:', ...Mirrors.map((mirror) => `  ${mirror}`)] : []),
		field('Live Restore Enabled', info.LiveRestoreEnabled ?? false),
	];
}
