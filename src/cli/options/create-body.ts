import type { ContainerConfig, HealthConfig, HostConfig } from '../../api/container.ts';
import type { CreateBody } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import type { Flags } from '../flags.ts';
import { parseDevices, parseGpus, parseRestart } from './devices.ts';
import { parseMount, parseTmpfs, splitVolumes } from './mounts.ts';
import { parseNetworks } from './network.ts';
import { parseExposed, parsePublished } from './ports.ts';
import { resourcesOf } from './resources.ts';
import { capabilitiesOf, parseSecurity } from './security.ts';
import { pairsToMap, readKeyValueFile, resolveEnv } from './texts.ts';

/** What `--restart-unhealthy` sets: the daemon acts on the label, whoever sets it. */
const restartUnhealthyLabel = 'io.gantry.restart-unhealthy';

/** What the flags are read against. */
export interface CreateContext {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Environment that comes first, from the client's configuration. */
	readonly proxyEnv: readonly string[];
	/** The working directory, for relative paths. */
	readonly folder: string;
	/** Rows and columns of our terminal, 0 without one. */
	readonly consoleSize: readonly [number, number];
	readonly detach: boolean;
}

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

const orNull = <T>(values: readonly T[]): T[] | null => (values.length === 0 ? null : [...values]);
const ifAny = <T extends object>(name: string, map: T) => (Object.keys(map).length === 0 ? {} : { [name]: map });

/** The body of `POST /containers/create` that flags and arguments ask for. @throws EngineError `invalid_argument` */
export async function buildCreateBody(
	flags: Flags,
	args: readonly string[],
	context: CreateContext,
): Promise<CreateBody> {
	checkConflicts(flags);
	const [image = '', ...command] = args;
	const networks = parseNetworks(flags);
	const published = parsePublished(flags.list('publish'));
	const exposed = Object.fromEntries(parseExposed(flags.list('expose')).map((port) => [port, {}]));
	const mounts = splitVolumes(flags.list('volume'), context.folder);
	const config: ContainerConfig = {
		Hostname: flags.string('hostname'),
		Domainname: flags.string('domainname'),
		User: flags.string('user'),
		...streamsOf(flags, context.detach),
		...ifAny('ExposedPorts', { ...published.exposed, ...exposed }),
		Tty: flags.bool('tty'),
		OpenStdin: flags.bool('interactive'),
		Env: orNull(await environmentOf(flags, context)),
		Cmd: orNull(command),
		...healthOf(flags),
		Image: image,
		Volumes: mounts.volumes,
		WorkingDir: flags.string('workdir'),
		Entrypoint: flags.changed('entrypoint') ? [flags.string('entrypoint')] : null,
		OnBuild: null,
		Labels: await labelsOf(flags),
		...(flags.string('stop-signal') === '' ? {} : { StopSignal: flags.string('stop-signal') }),
		...(flags.changed('stop-timeout') ? { StopTimeout: flags.number('stop-timeout') } : {}),
	};
	const hostConfig: HostConfig = {
		...(await hostConfigOf(flags, context)),
		Binds: orNull(mounts.binds),
		NetworkMode: networks.mode,
		PortBindings: published.bindings,
	};
	return { ...config, HostConfig: hostConfig, NetworkingConfig: networks.config };
}

function checkConflicts(flags: Flags): void {
	if (flags.bool('use-api-socket')) throw new EngineError('unsupported', '--use-api-socket is not supported');
	const restart = parseRestart(flags.string('restart'));
	if (flags.bool('rm') && restart.Name !== 'no') {
		throw wrong('conflicting options: cannot specify both --restart and --rm');
	}
	if (flags.bool('rm') && flags.bool('restart-unhealthy')) {
		throw wrong('conflicting options: cannot specify both --restart-unhealthy and --rm');
	}
	const swappiness = flags.number('memory-swappiness');
	if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
		throw wrong(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
	}
	const namespace = (flag: string, what: string, pattern: RegExp) => {
		if (!pattern.test(flags.string(flag))) throw wrong(`--${flag}: invalid ${what} mode`);
	};
	namespace('pid', 'PID', /^(host|container:.+)?$/);
	namespace('uts', 'UTS', /^(host)?$/);
	namespace('userns', 'USER', /^(host)?$/);
	namespace('cgroupns', 'CGROUP', /^(host|private)?$/);
	if (flags.string('log-driver') === 'none' && flags.list('log-opt').length > 0) {
		throw wrong('invalid logging opts for driver none');
	}
}

function streamsOf(flags: Flags, detach: boolean): ContainerConfig {
	const asked = flags.list('attach');
	const none = asked.length === 0;
	const stdin = !detach && (none ? flags.bool('interactive') : asked.includes('stdin'));
	return {
		AttachStdin: stdin,
		AttachStdout: !detach && (none || asked.includes('stdout')),
		AttachStderr: !detach && (none || asked.includes('stderr')),
		StdinOnce: flags.bool('interactive') && stdin,
	};
}

async function environmentOf(flags: Flags, context: CreateContext): Promise<string[]> {
	const files: string[] = [];
	for (const path of flags.list('env-file')) {
		files.push(...(await readKeyValueFile(path, (name) => context.env[name])));
	}
	return [...files, ...resolveEnv(flags.list('env'), context.env), ...context.proxyEnv];
}

async function labelsOf(flags: Flags): Promise<Record<string, string>> {
	const files: string[] = [];
	for (const path of flags.list('label-file')) files.push(...(await readKeyValueFile(path, null)));
	const own = flags.bool('restart-unhealthy') ? [`${restartUnhealthyLabel}=true`] : [];
	return pairsToMap([...files, ...flags.list('label'), ...own]);
}

function healthOf(flags: Flags): { Healthcheck?: HealthConfig } {
	const numbers = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'] as const;
	const given = numbers.some((name) => flags.number(`health-${name}`) !== 0) || flags.string('health-cmd') !== '';
	if (flags.bool('no-healthcheck')) {
		if (given) throw wrong('--no-healthcheck conflicts with --health-* options');
		return { Healthcheck: { Test: ['NONE'] } };
	}
	for (const name of numbers) {
		if (flags.number(`health-${name}`) < 0) throw wrong(`--health-${name} cannot be negative`);
	}
	if (!given) return {};
	const optional = (name: string, flag: string) => (flags.number(flag) === 0 ? {} : { [name]: flags.number(flag) });
	return {
		Healthcheck: {
			...(flags.string('health-cmd') === '' ? {} : { Test: ['CMD-SHELL', flags.string('health-cmd')] }),
			...optional('Interval', 'health-interval'),
			...optional('Timeout', 'health-timeout'),
			...optional('StartPeriod', 'health-start-period'),
			...optional('StartInterval', 'health-start-interval'),
			...optional('Retries', 'health-retries'),
		},
	};
}

async function hostConfigOf(flags: Flags, context: CreateContext): Promise<HostConfig> {
	const { devices, cdi } = parseDevices(flags.list('device'));
	const security = await parseSecurity(flags.list('security-opt'));
	const mounts = flags.list('mount').map((text) => parseMount(text, context.folder));
	const requests = [
		...flags.list('gpus').map(parseGpus),
		...(cdi.length === 0 ? [] : [{ Driver: 'cdi', Count: 0, DeviceIDs: cdi, Capabilities: null, Options: null }]),
	];
	return {
		ContainerIDFile: flags.string('cidfile'),
		LogConfig: { Type: flags.string('log-driver') as 'json-file', Config: pairsToMap(flags.list('log-opt')) },
		RestartPolicy: parseRestart(flags.string('restart')),
		AutoRemove: flags.bool('rm'),
		VolumeDriver: flags.string('volume-driver'),
		VolumesFrom: orNull(flags.list('volumes-from')),
		ConsoleSize: [...context.consoleSize],
		...ifAny('Annotations', pairsToMap(flags.list('annotation'))),
		...capabilitiesOf(flags.list('cap-add'), flags.list('cap-drop')),
		CgroupnsMode: flags.string('cgroupns') as 'private',
		Dns: [...flags.list('dns')],
		DnsOptions: [...flags.list('dns-option')],
		DnsSearch: [...flags.list('dns-search')],
		ExtraHosts: orNull(flags.list('add-host')),
		GroupAdd: orNull(flags.list('group-add')),
		IpcMode: flags.string('ipc'),
		Cgroup: '',
		Links: orNull(flags.list('link')),
		OomScoreAdj: flags.number('oom-score-adj'),
		PidMode: flags.string('pid'),
		Privileged: flags.bool('privileged'),
		PublishAllPorts: flags.bool('publish-all'),
		ReadonlyRootfs: flags.bool('read-only'),
		SecurityOpt: flags.changed('security-opt') ? [...security.options] : null,
		...ifAny('StorageOpt', pairsToMap(flags.list('storage-opt'))),
		...ifAny('Tmpfs', parseTmpfs(flags.list('tmpfs'))),
		UTSMode: flags.string('uts'),
		UsernsMode: flags.string('userns'),
		ShmSize: flags.number('shm-size'),
		...ifAny('Sysctls', pairsToMap(flags.list('sysctl'))),
		...(flags.string('runtime') === '' ? {} : { Runtime: flags.string('runtime') }),
		Isolation: flags.string('isolation') as 'default',
		...resourcesOf(flags),
		Devices: devices,
		DeviceRequests: orNull(requests),
		...(mounts.length === 0 ? {} : { Mounts: mounts }),
		MaskedPaths: security.systemPaths ? [] : null,
		ReadonlyPaths: security.systemPaths ? [] : null,
		...(flags.changed('init') ? { Init: flags.bool('init') } : {}),
	};
}
