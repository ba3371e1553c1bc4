import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import { createKeyedMutex } from '../../lib/keyed-mutex.ts';
import { createTurns } from '../../lib/turns.ts';
import type { Digest } from '../../oci/digest.ts';
import { setFrozen } from '../../runtime/freeze.ts';
import type { RuntimeProgram, Shims } from '../../runtime/protocol.ts';
import type { UpdateTarget } from '../../runtime/update.ts';
import { type ContainerRecords, createContainerSet } from './container-set.ts';
import { createControls } from './controls/controls.ts';
import type { ContainerDefaults } from './defaults.ts';
import { createContainerFiles, type FilesDependencies } from './files/files.ts';
import type { ContainerFiles } from './files/service.ts';
import { createHealthMonitor, type HealthRecords } from './health/health.ts';
import type { Layout } from './layout.ts';
import { createContainer } from './life/create.ts';
import { type BundleWriter, cgroupPathOf } from './life/launch.ts';
import { createLives } from './life/lives.ts';
import { reconcileContainers, startWithDaemon } from './life/reconcile.ts';
import { removeContainer } from './life/remove.ts';
import { restartUnhealthy } from './life/restart-unhealthy.ts';
import { killContainer, stopContainer } from './life/stop.ts';
import { createSupervisor } from './life/supervisor.ts';
import { createWaiters } from './life/waiters.ts';
import { describeLinks, resolveLinks } from './links/links.ts';
import { createLiveLinks } from './links/live-links.ts';
import { type AncestorLookup, listContainers } from './list.ts';
import type { LogConfig } from './logs/log-config.ts';
import { checkLogRequest, type LogReader, readLogs } from './logs/logs.ts';
import type { Container, HostConfig, ResourceLimits } from './model.ts';
import type { RunMounts, VolumeBinder } from './mounts/volume-binder.ts';
import type { Images, Networking, Snapshots } from './ports.ts';
import type { ContainerControls, ContainerQueries, ContainerStreams, ContainerVerbs, Execs } from './service.ts';
import type { HostLimits } from './spec/resources.ts';
import { type ContainerStatistics, createStatistics } from './stats/statistics.ts';
import { attachContainer } from './streams/attach.ts';
import { createExecs, type ExecDependencies } from './streams/execs.ts';

/** All that the container service stands on. */
export interface ContainersDependencies {
	readonly records: ContainerRecords;
	readonly healthRecords: HealthRecords;
	readonly events: EventBus;
	readonly images: Images;
	readonly ancestors: AncestorLookup;
	readonly networking: Networking;
	readonly snapshots: Snapshots;
	readonly volumes: VolumeBinder;
	readonly runMounts: RunMounts;
	readonly shims: Shims;
	/** See {@link FilesDependencies}. */
	readonly roots: FilesDependencies['roots'];
	readonly trees: FilesDependencies['trees'];
	readonly commits: FilesDependencies['commits'];
	readonly resolveUser: FilesDependencies['resolveUser'];
	readonly layout: Layout;
	readonly runtimes: ReadonlyMap<string, RuntimeProgram>;
	readonly defaultRuntime: string;
	/** As of now. */
	readonly defaults: () => ContainerDefaults;
	readonly limits: HostLimits;
	/** Log of containers that ask for none. */
	readonly logDefaults: LogConfig;
	/** @throws `invalid_argument` for a host config that no container can be started with. */
	readonly checkSpecifiable: (hostConfig: HostConfig) => void;
	readonly writeBundle: BundleWriter;
	readonly processDocument: ExecDependencies['processDocument'];
	readonly readLog: LogReader;
	/** Tells the kernel of limits that have changed. */
	readonly applyLimits: (runtime: RuntimeProgram, target: UpdateTarget, limits: ResourceLimits) => Promise<void>;
	readonly killCgroup: (cgroupPath: string) => Promise<void>;
	readonly processesOf: (cgroupPath: string) => readonly number[];
	readonly now: () => string;
	/** Hears of failures that nobody waits for. */
	readonly report: (doing: string, error: unknown) => void;
}

/** The container service. */
export interface Containers {
	readonly verbs: ContainerVerbs;
	readonly streams: ContainerStreams;
	readonly queries: ContainerQueries;
	readonly execs: Execs;
	readonly controls: ContainerControls;
	readonly statistics: ContainerStatistics;
	readonly files: ContainerFiles;
	/** Containers made from an image. */
	usersOf(imageId: Digest): readonly { readonly id: string; readonly running: boolean }[];
	/** Containers that mount a volume. */
	usersOfVolume(name: string): readonly string[];
	/** Its name now; '' when there is none by that id. */
	nameOf(id: string): string;
	/** Before serving: see {@link reconcileContainers}. Then what restart policies want is started, in the background. */
	reconcile(): Promise<void>;
	/** The daemon stops: containers go on, nothing is started any more. */
	close(): void;
}

/** Wires the container service. */
export function createContainers(given: ContainersDependencies): Containers {
	const containers = createContainerSet(given.records, given.events);
	const base = {
		...given,
		containers,
		lives: createLives(),
		links: createLiveLinks({ containers, hostsOf: (id) => given.layout.files(id).hosts }),
		waiters: createWaiters(),
		mutex: createKeyedMutex(),
		turns: createTurns(),
		applyLimits: (container: Container, limits: ResourceLimits) =>
			given.applyLimits(
				programOf(given.runtimes, container.hostConfig.runtime),
				{ id: container.id, cgroupPath: cgroupPathOf(container) },
				limits,
			),
		setFrozen: (container: Container, frozen: boolean) =>
			setFrozen(programOf(given.runtimes, container.hostConfig.runtime), container.id, frozen),
	};
	const supervisor = createSupervisor({
		...base,
		runtimeOf: (name) => programOf(given.runtimes, name),
		remove: (id, caller) => removeContainer(id, { force: false, volumes: true }, caller, removal),
	});
	const removal = { ...base, supervisor };
	const execs = createExecs(base);
	const controls = createControls({ ...base, reconsiderRestart: supervisor.reconsiderRestart });
	const health = createHealthMonitor({
		...base,
		records: given.healthRecords,
		run: async (container, process) => {
			await base.turns.take();
			return execs.run(container, process);
		},
		onUnhealthy(container, state) {
			restartUnhealthy(container, state, removal).catch((error: unknown) =>
				given.report(`restart unhealthy container ${container.name}`, error),
			);
		},
	});
	const { lives, waiters } = base;
	given.events.subscribe((event) => {
		if (event.type === 'container' && (event.action === 'die' || event.action === 'destroy')) execs.forget(event.id);
	});

	const verbs: ContainerVerbs = {
		create: (request, caller) =>
			createContainer(request, caller, {
				...base,
				runtimes: new Set(given.runtimes.keys()),
				linksOf: (links, networkMode) => resolveLinks(links, networkMode, containers),
				prewarm: () => given.shims.prewarm(),
			}),
		start: async (ref, caller) => supervisor.start(containers.resolve(ref).id, caller),
		stop: async (ref, options, caller) => stopContainer(containers.resolve(ref), options, caller, removal),
		async restart(ref, options, caller) {
			const { id } = containers.resolve(ref);
			if (lives.get(id) !== undefined) await stopContainer(containers.resolve(id), options, caller, removal);
			await supervisor.start(id, caller);
			containers.update(id, (one) => one, { action: 'restart', caller });
		},
		kill: async (ref, signal, caller) => killContainer(containers.resolve(ref), signal, caller, removal),
		remove: async (ref, options, caller) =>
			options.link ? base.links.remove(ref) : removeContainer(containers.resolve(ref).id, options, caller, removal),
		async wait(ref, condition, signal) {
			const container = containers.resolve(ref);
			const { state } = container;
			const over = state.at === 'created' || (state.at === 'exited' && state.restarting !== true);
			if (condition === 'not-running' && over) {
				return { result: Promise.resolve({ code: state.code ?? 0, error: null }) };
			}
			const result = waiters.next(container.id, condition, signal);
			// Whoever awaits it hears of the abort; nobody may be waiting yet.
			result.catch(() => undefined);
			return { result };
		},
	};

	const streams: ContainerStreams = {
		async attach(ref, options, caller) {
			return attachContainer(ref, options, caller, {
				containers,
				lives,
				replay: async (id, { stdout, stderr }, signal) =>
					(
						await streams.logs(
							id,
							{
								stdout,
								stderr,
								follow: false,
								since: null,
								until: null,
								tail: null,
								timestamps: false,
								details: false,
							},
							signal,
						)
					).output,
			});
		},
		async logs(ref, options, signal) {
			const container = containers.resolve(ref);
			const ended = lives.get(container.id)?.finished ?? null;
			const log = checkLogRequest(container, given.layout.files(container.id).log, options);
			return { tty: container.config.tty, output: readLogs(container, log, ended, options, signal, given.readLog) };
		},
		async resize(ref, size) {
			const container = containers.resolve(ref);
			const live = lives.get(container.id);
			// Between the attach and the start a client may send its window's size: the start uses the one of the create.
			if (live === undefined) return;
			await live.shim.resize(size);
			containers.update(container.id, (one) => one, {
				action: 'resize',
				attributes: { height: String(size.rows), width: String(size.columns) },
			});
		},
	};

	const queries: ContainerQueries = {
		get: (ref) => containers.resolve(ref),
		list: (options) =>
			listContainers(containers, options, {
				ancestors: given.ancestors,
				health: (id) => health.of(id)?.status ?? 'none',
			}),
		async size(container) {
			const { own, parents } = await given.snapshots.usage(container.id);
			return { rw: own, rootFs: own + parents };
		},
		paths(container) {
			const files = given.layout.files(container.id);
			const root = given.snapshots.describe(container.id);
			return {
				log: container.hostConfig.logDriver === 'json-file' ? files.log : '',
				hosts: files.hosts,
				resolvConf: files.resolvConf,
				hostname: files.hostname,
				sandboxKey: container.state.at === 'running' ? `/proc/${container.state.pid}/ns/net` : '',
				graph: root === null ? null : { lower: root.lower, upper: root.upper, work: root.work, merged: root.path },
			};
		},
		linksOf: (container) => describeLinks(container, containers),
		execIds: (id) => execs.idsOf(id),
		health: (id) => health.of(id),
	};

	return {
		verbs,
		streams,
		queries,
		execs,
		controls,
		statistics: createStatistics(base),
		files: createContainerFiles({ ...base, controls }),
		usersOf: (imageId) =>
			containers
				.all()
				.filter((one) => one.imageId === imageId || one.mountPoints.some(({ image }) => image?.id === imageId))
				.map((one) => ({ id: one.id, running: lives.get(one.id) !== undefined })),
		usersOfVolume: (name) =>
			containers
				.all()
				.filter((one) => one.mountPoints.some((point) => point.type === 'volume' && point.name === name))
				.map((one) => one.id),
		nameOf: (id) => containers.find(id)?.name ?? '',
		async reconcile() {
			await reconcileContainers({ ...removal, execs });
			health.adopt();
			startWithDaemon(removal);
		},
		close() {
			health.close();
			supervisor.close();
		},
	};
}

/** @throws EngineError `conflict` for a runtime that an earlier configuration had. */
export function programOf(runtimes: ReadonlyMap<string, RuntimeProgram>, name: string): RuntimeProgram {
	const program = runtimes.get(name);
	if (program !== undefined) return program;
	throw new EngineError(
		'conflict',
		`runtime ${name} of the container is not configured any more: add it again with --add-runtime`,
	);
}
