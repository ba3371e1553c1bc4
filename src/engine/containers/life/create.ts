import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { codeOf, EngineError } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { parseSignal } from '../../../lib/signals.ts';
import type { ImageExecConfig } from '../../../oci/types.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../../runtime/spec/build.ts';
import { type ContainerSet, nameConflict } from '../container-set.ts';
import type { ContainerDefaults } from '../defaults.ts';
import { checkHealthcheck, mergeHealthcheck } from '../health/healthcheck.ts';
import { type LogConfig, logTarget, settleLogConfig } from '../logs/log-config.ts';
import type { Container, ContainerConfig, Endpoint, HostConfig, Link, ResourceLimits } from '../model.ts';
import type { VolumeBinder } from '../mounts/volume-binder.ts';
import { checkName, makeName } from '../names.ts';
import type { Images, Networking, Snapshots } from '../ports.ts';
import type { CreateRequest, CreateResult, ImageForContainer } from '../service.ts';
import { type HostLimits, settleResources } from '../spec/resources.ts';
import { sandboxRequest } from '../spec/sandbox-request.ts';

import { checkRestartUnhealthy } from './restart-unhealthy.ts';

export interface CreateDependencies {
	readonly containers: ContainerSet;
	readonly images: Images;
	readonly networking: Networking;
	readonly snapshots: Snapshots;
	readonly volumes: VolumeBinder;
	readonly linksOf: (links: readonly string[], networkMode: string) => readonly Link[];
	readonly limits: HostLimits;
	/** Log of containers that ask for none. */
	readonly logDefaults: LogConfig;
	readonly runtimes: ReadonlySet<string>;
	readonly defaultRuntime: string;
	/** As of now. */
	readonly defaults: () => ContainerDefaults;
	readonly checkSpecifiable: (hostConfig: HostConfig) => void;
	readonly now: () => string;
	/** Something will be started soon. */
	readonly prewarm: () => void;
}

/** The config of a container: what the user gave, the image's where the user gave nothing. */
export function mergeImageConfig(user: ContainerConfig, image: ImageExecConfig): ContainerConfig {
	const ownEntrypoint = user.entrypoint !== null && user.entrypoint.length > 0;
	const ownCmd = user.cmd !== null && user.cmd.length > 0;
	const given = new Set(user.env.map((entry) => entry.split('=', 1)[0]));
	const imageCmd = image.Cmd ?? null;
	return {
		...user,
		user: user.user || (image.User ?? ''),
		env: [...user.env, ...(image.Env ?? []).filter((entry) => !given.has(entry.split('=', 1)[0]))],
		entrypoint: user.entrypoint ?? image.Entrypoint ?? null,
		cmd: ownCmd || ownEntrypoint ? user.cmd : imageCmd,
		argsEscaped: ownCmd || ownEntrypoint ? user.argsEscaped : (image.ArgsEscaped ?? false),
		exposedPorts: [...new Set([...user.exposedPorts, ...Object.keys(image.ExposedPorts ?? {})])],
		volumes: [...new Set([...user.volumes, ...Object.keys(image.Volumes ?? {})])],
		workingDir: user.workingDir || (image.WorkingDir ?? ''),
		labels: { ...image.Labels, ...user.labels },
		stopSignal: user.stopSignal ?? image.StopSignal ?? null,
		healthcheck: mergeHealthcheck(user.healthcheck, image.Healthcheck),
		shell: user.shell ?? image.Shell ?? null,
	};
}

/** Path and args of the container's process. @throws `invalid_argument` when there is nothing to run. */
export function processOf(config: ContainerConfig): { path: string; args: readonly string[] } {
	// An entrypoint of one empty string is how a client says "none, not even the image's".
	const reset = config.entrypoint?.length === 1 && config.entrypoint[0] === '';
	const words = [...(reset ? [] : (config.entrypoint ?? [])), ...(config.cmd ?? [])];
	const path = words[0];
	if (path === undefined) throw new EngineError('invalid_argument', 'no command specified');
	return { path, args: words.slice(1) };
}

function settleHostConfig(given: HostConfig, resources: ResourceLimits, dependencies: CreateDependencies): HostConfig {
	if (given.autoRemove && given.restartPolicy.name !== 'no') {
		throw new EngineError('invalid_argument', "can't create 'AutoRemove' container with restart policy");
	}
	const runtime = given.runtime || dependencies.defaultRuntime;
	if (!dependencies.runtimes.has(runtime)) {
		throw new EngineError('invalid_argument', `unknown or invalid runtime name: ${runtime}`);
	}
	if (given.usernsMode !== '' && given.usernsMode !== 'host') {
		throw new EngineError('invalid_argument', `invalid userns mode: ${given.usernsMode}`);
	}
	dependencies.checkSpecifiable(given);
	const log = settleLogConfig(given, dependencies.logDefaults);
	return {
		...given,
		logDriver: log.driver,
		logOptions: log.options,
		runtime,
		networkMode: ['', 'default'].includes(given.networkMode) ? dependencies.limits.defaultNetwork : given.networkMode,
		shmSize: given.shmSize === 0 ? dependencies.defaults().shmSize : given.shmSize,
		ipcMode: given.ipcMode || dependencies.defaults().ipcMode,
		maskedPaths: given.maskedPaths ?? (given.privileged ? null : defaultMaskedPaths),
		readonlyPaths: given.readonlyPaths ?? (given.privileged ? null : defaultReadonlyPaths),
		cgroupnsMode: given.cgroupnsMode || (given.privileged ? 'host' : dependencies.limits.defaultCgroupns),
		resources: {
			...resources,
			memorySwap: resources.memory > 0 && resources.memorySwap === 0 ? resources.memory * 2 : resources.memorySwap,
		},
	};
}

/** What the user (not the image) may not ask of a container whose names are another's. @throws `invalid_argument` in dockerd's words */
function checkSharedNames({ config, hostConfig }: CreateRequest): void {
	const conflict = (what: string): never => {
		throw new EngineError('invalid_argument', `conflicting options: ${what}`);
	};
	const shared = hostConfig.networkMode.startsWith('container:');
	if (shared && config.hostname !== '') conflict('hostname and the network mode');
	if (hostConfig.utsMode === 'host' && config.hostname !== '') conflict('hostname and the UTS mode');
	const publishes = hostConfig.publishAllPorts || Object.keys(hostConfig.portBindings).length > 0;
	if (shared && !publishes && config.exposedPorts.length > 0)
		conflict('port exposing and the container type network mode');
}

function initialEndpoints(request: CreateRequest, networkMode: string): readonly Endpoint[] {
	if (networkMode === 'host' || networkMode === 'none' || networkMode.startsWith('container:')) return [];
	const names = new Set([
		networkMode,
		...Object.keys(request.endpoints).map((name) => (name === 'default' ? 'bridge' : name)),
	]);
	return [...names].map((networkName) => ({
		networkId: '',
		networkName,
		endpointId: '',
		ipv4: '',
		prefixLength: 0,
		gateway: '',
		macAddress: '',
		request: request.endpoints[networkName] ?? {
			aliases: [],
			ipv4: '',
			ipv6: '',
			macAddress: '',
			driverOpts: {},
		},
	}));
}

/** Without `.`, `..`, doubled slashes and one at the end, by its text alone, as dockerd has it. */
function cleanPath(path: string): string {
	if (path === '') return '';
	return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

async function assemble(
	request: CreateRequest,
	image: ImageForContainer,
	limits: ResourceLimits,
	dependencies: CreateDependencies,
): Promise<Container> {
	const { containers } = dependencies;
	const id = randomBytes(32).toString('hex');
	const name =
		request.name === '' ? makeName((one) => containers.findByName(one) !== undefined) : checkName(request.name);
	const config = mergeImageConfig(request.config, image.config);
	if (config.workingDir !== '' && !config.workingDir.startsWith('/')) {
		throw new EngineError(
			'invalid_argument',
			`the working directory '${config.workingDir}' is invalid, it needs to be an absolute path`,
		);
	}
	checkHealthcheck(config.healthcheck);
	checkRestartUnhealthy(config.labels);
	// A wrong one would be noticed by the first stop.
	if (config.stopSignal !== null) parseSignal(config.stopSignal);
	const hostConfig = settleHostConfig(request.hostConfig, limits, dependencies);
	const { path, args } = processOf(config);
	const onHost = hostConfig.networkMode === 'host' || hostConfig.utsMode === 'host';
	return {
		id,
		name,
		createdAt: dependencies.now(),
		imageId: image.id,
		imageChainId: image.chainId,
		platform: image.platform,
		config: {
			...config,
			workingDir: cleanPath(config.workingDir),
			hostname: config.hostname || (onHost ? dependencies.limits.hostname : id.slice(0, 12)),
		},
		hostConfig,
		path,
		args,
		mountPoints: [],
		links: dependencies.linksOf(hostConfig.links, hostConfig.networkMode),
		endpointRequests: request.endpoints,
		endpoints: initialEndpoints(request, hostConfig.networkMode),
		ports: [],
		state: { at: 'created' },
		restartCount: 0,
		manuallyStopped: false,
		hasBeenStarted: false,
	};
}

/**
 * A network that is not there may be made before the start, which says so otherwise. Now, clients would take "not found"
 * for a missing image and pull it.
 */
function checkNetworking(container: Container, { networking }: CreateDependencies): void {
	try {
		networking.validate(sandboxRequest(container));
	} catch (error) {
		if (codeOf(error) !== 'not_found') throw error;
	}
}

/** Empty volumes get what the image has at their places. */
async function populateVolumes(container: Container, { snapshots, volumes }: CreateDependencies): Promise<void> {
	let mounted = false;
	try {
		await volumes.populate(container, async () => {
			mounted = true;
			return (await snapshots.mount(container.id, { volatile: container.hostConfig.autoRemove })).path;
		});
	} finally {
		if (mounted) await snapshots.unmount(container.id);
	}
}

function discarded({ networkMode, portBindings }: HostConfig): readonly string[] {
	if (networkMode !== 'host' || Object.keys(portBindings).length === 0) return [];
	return ['Published ports are discarded when using host network mode'];
}

/** Makes a container: all checks first, then its snapshot and volumes, then one transaction. */
export async function createContainer(
	request: CreateRequest,
	caller: Caller,
	dependencies: CreateDependencies,
): Promise<CreateResult> {
	const { containers, snapshots, volumes } = dependencies;
	if (request.name !== '') {
		const holder = containers.findByName(checkName(request.name));
		if (holder !== undefined) {
			// The set says so again under the transaction; here it spares the work.
			throw nameConflict(holder.name, holder.id);
		}
	}
	checkSharedNames(request);
	const image = await dependencies.images.resolve(request.config.image, request.platform);
	const { limits, warnings } = settleResources(request.hostConfig.resources, dependencies.limits, { update: false });
	const bare = await assemble(request, image, limits, dependencies);
	checkNetworking(bare, dependencies);
	// Made again at each start; here for what is wrong with it.
	await logTarget({ container: bare, hostname: dependencies.limits.hostname, logPath: '' });
	dependencies.prewarm();
	let container = bare;
	try {
		container = { ...bare, mountPoints: await volumes.bind(bare, caller) };
		await snapshots.create(container.id, image.chainId);
		await populateVolumes(container, dependencies);
		containers.insert(container, { action: 'create', caller });
	} catch (error) {
		const failures: unknown[] = [error];
		for (const undo of [
			() => snapshots.remove(container.id),
			() => volumes.unbind(container, { removeAnonymous: true, caller }),
		]) {
			try {
				await undo();
			} catch (cleanup) {
				failures.push(cleanup);
			}
		}
		throw failures.length === 1 ? error : new AggregateError(failures, 'create container');
	} finally {
		volumes.settle(container.id);
	}
	return { id: container.id, warnings: [...warnings, ...discarded(container.hostConfig)] };
}
