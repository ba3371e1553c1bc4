import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { join } from 'node:path';
import { type Containers, createContainers, programOf } from '../engine/containers/containers.ts';
import type { StoredHealth } from '../engine/containers/health/health.ts';
import { layoutOf } from '../engine/containers/layout.ts';
import { pruneContainers } from '../engine/containers/life/prune.ts';
import { logDrivers } from '../engine/containers/logs/log-config.ts';
import type { Container } from '../engine/containers/model.ts';
import { findInitProgram } from '../engine/containers/spec/init-program.ts';
import { checkJoins, pidOf } from '../engine/containers/spec/joins.ts';
import { checkSpecifiable, createBundleWriter, createProcessDocuments } from '../engine/containers/spec/oci-bundle.ts';
import { createImages } from '../engine/images/images.ts';
import { cgroupFacts } from '../engine/system/cgroup-facts.ts';
import { createDiskUsage } from '../engine/system/disk-usage.ts';
import { countDescriptors, countThreads, readFacts } from '../engine/system/facts.ts';
import { createPruning } from '../engine/system/prune.ts';
import { messageOf } from '../errors.ts';
import { createEventBus, type EventBus } from '../events/bus.ts';
import type { NewEvent } from '../events/types.ts';
import { cgroupDirectories, cgroupProcesses, killCgroup } from '../kernel/cgroup.ts';
import { buildInfo } from '../lib/build-info.ts';
import type { Logger } from '../lib/logger.ts';
import { nowNano, timestamp } from '../lib/time.ts';
import { readResourceSupport } from '../runtime/cgroup/support.ts';
import { prepareCgroups } from '../runtime/cgroup-host.ts';
import { type ProgramFacts, readProgramFacts } from '../runtime/features.ts';
import { createShims, ownProgram } from '../runtime/shims.ts';
import { readHostFacts } from '../runtime/spec/host.ts';
import { buildUpdate } from '../runtime/spec/resources.ts';
import { resolveUser } from '../runtime/spec/user.ts';
import { updateLimits } from '../runtime/update.ts';
import type { DockerServices } from '../server/docker/routes.ts';
import { createContentStore } from '../store/content/store.ts';
import { createFileTrees } from '../store/files/trees.ts';
import { readLog } from '../store/logs/read-log.ts';
import { openJournal } from '../store/records/journal.ts';
import { openRecords, type Records } from '../store/records/records.ts';
import { createMeasurer } from '../store/snapshots/usage/measurer.ts';
import type { DaemonConfig } from './config.ts';
import { containerDefaults } from './container-defaults.ts';
import { createIdleCollector } from './idle-memory.ts';
import { openNetworks } from './networks.ts';
import { liveRegistryConfig } from './registry-settings.ts';
import { announceReload, type LiveConfig } from './reload.ts';
import { roleCommand } from './role-command.ts';
import { chooseRuntimes } from './runtimes.ts';
import { openSnapshots } from './snapshots.ts';
import { openVolumeServices } from './volumes.ts';

/** Events kept in the journal. */
const journalRetention = 100_000;

/** The engine, wired and reconciled with what is real. */
export interface Engine {
	readonly services: DockerServices;
	/** Tells that the configuration was read again. */
	announceReload(): void;
	/** Lets go of everything; containers go on. */
	close(): Promise<void>;
}

/** Builds stores, then services, by hand. Nothing is served before all is reconciled. */
export async function createEngine(live: LiveConfig, log: Logger): Promise<Engine> {
	const config = live.current();
	const { dataRoot, execRoot } = config;
	const startedAt = timestamp();
	const report = (doing: string, error: unknown): void => log.error(`${doing}: ${messageOf(error)}`);
	const layout = layoutOf(dataRoot, execRoot);
	for (const path of [layout.containersDir, layout.bundlesDir, layout.socketsDir, layout.runtimeDir]) {
		mkdirSync(path, { recursive: true, mode: 0o710 });
	}
	// What is open is closed again when a later step fails.
	await using opened = new AsyncDisposableStack();
	const records = opened.adopt(openRecords(join(dataRoot, 'gantry.db')), (it) => it.close());
	const events = createEventBus(openJournal<NewEvent>(records, journalRetention, nowNano), (error) =>
		report('tell a subscriber of an event', error),
	);
	prepareCgroups({ favorDynMods: config.favorDynMods, log: (message) => log.info(message) });
	const host = readHostFacts();
	const measurer = opened.adopt(createMeasurer(roleCommand('measure')), (it) => it.close());
	const snapshotStore = opened.adopt(openSnapshots(records, dataRoot, measurer, report), (it) => it.close());
	const [{ programs, probed, defaultRuntime }, content] = await Promise.all([
		chooseRuntimes(config, layout.runtimeDir, (message) => log.warn(message)),
		createContentStore({ root: join(dataRoot, 'content') }),
	]);

	// Services that know each other: each gets the other by a closure that is called only when all are there.
	let containers: Containers;
	const images = createImages({
		records,
		content,
		layers: snapshotStore.layers,
		events,
		users: { usersOf: (imageId) => containers.usersOf(imageId) },
		registry: liveRegistryConfig(live),
		now: timestamp,
	});
	const networks = opened.adopt(openNetworks(config, { records, events, log, containers: () => containers }), (it) =>
		it.close(),
	);
	const volumes = await openVolumeServices({
		records,
		events,
		dataRoot,
		execRoot,
		kernelRelease: host.kernelRelease,
		images: images.forContainers,
		snapshots: snapshotStore.snapshots,
		usage: measurer.measure,
		containers: () => containers,
	});
	const shims = opened.adopt(
		createShims({ ...ownProgram(), runDir: execRoot, log: (message) => log.warn(message) }),
		(it) => it.close(),
	);
	const cgroups = cgroupFacts();
	const defaultCgroupns = config.defaultCgroupns ?? (cgroups.version === '2' ? 'private' : 'host');
	containers = createContainers({
		records: records.collection<Container>('containers'),
		healthRecords: records.collection<StoredHealth>('health', 'process'),
		events,
		images: images.forContainers,
		ancestors: images.descendantsOf,
		networking: networks.networking,
		snapshots: snapshotStore.snapshots,
		volumes: volumes.binder,
		runMounts: volumes.runMounts,
		shims,
		roots: { folder: join(dataRoot, 'snapshots'), ...snapshotStore.snapshots },
		trees: createFileTrees(roleCommand('container-files')),
		commits: images.commits,
		resolveUser,
		layout,
		runtimes: programs,
		defaultRuntime: defaultRuntime.program.name,
		defaults: () => containerDefaults(live.current()),
		checkSpecifiable(hostConfig) {
			checkSpecifiable(hostConfig, host, containerDefaults(live.current()));
			checkJoins(hostConfig, containers.queries.get);
		},
		limits: {
			cpus: cpus().length,
			hostname: hostname(),
			defaultCgroupns,
			defaultNetwork: config.bridge === 'none' ? 'none' : 'bridge',
			support: readResourceSupport(),
		},
		logDefaults: config.log,
		writeBundle: createBundleWriter({
			host,
			pidOf: (ref) => pidOf(ref, containers.queries.get),
			bundlesDir: layout.bundlesDir,
			cdiSpecDirs: config.cdiSpecDirs,
			runtimeOf: (name) => programOf(programs, name),
			defaults: () => containerDefaults(live.current()),
		}),
		processDocument: createProcessDocuments(layout, host),
		readLog: (log, query) => readLog(log.format, log.path, query),
		applyLimits: (runtime, target, limits) => updateLimits(runtime, target, buildUpdate(limits, host)),
		killCgroup: async (path) => killCgroup(path),
		processesOf: (path) => [...new Set(cgroupDirectories(path).flatMap(cgroupProcesses))],
		now: timestamp,
		report,
	});

	await containers.reconcile();
	await images.collectGarbage();
	shims.prewarm();
	const facts = () =>
		readFacts({
			id: identity(records),
			version: buildInfo.version,
			gitCommit: buildInfo.commit,
			buildTime: buildInfo.built,
			startedAt,
			runtimes: new Map(
				probed.map(({ program: { name, path, args }, version, commit }) => [name, { path, args, version, commit }]),
			),
			defaultRuntime: defaultRuntime.program.name,
			dataRoot,
			loggingDriver: config.log.driver,
			logDrivers,
			networkDrivers: config.bridge === 'none' ? ['host', 'null'] : ['bridge', 'host', 'null'],
			openApis: openApis(config),
			seccompProfile: config.seccompProfile,
			noNewPrivileges: config.startDefaults.noNewPrivileges,
			privateCgroupns: defaultCgroupns === 'private',
			labels: live.current().labels,
			debug: live.current().debug,
			insecureRegistries: live.current().insecureRegistries,
			registryMirrors: live.current().registryMirrors,
			cdiSpecDirs: config.cdiSpecDirs,
		});
	let asked: Promise<ProgramFacts> | undefined;
	const programFacts = () => {
		asked ??= readProgramFacts(probed, findInitProgram(config.initPath));
		return asked;
	};
	const pruning = createPruning({
		events,
		containers: (request, caller, signal) => pruneContainers(request, caller, signal, containers),
		images: images.prune,
	});
	const idle = createIdleCollector(() => Bun.gc(true));
	events.subscribe(() => idle.active());
	opened.move();
	return {
		services: {
			containers: containers.verbs,
			streams: containers.streams,
			queries: containers.queries,
			execs: containers.execs,
			controls: containers.controls,
			statistics: containers.statistics,
			files: containers.files,
			images: images.store,
			imageSources: images.sources,
			networks: networks.queries,
			volumes: {
				...volumes.service,
				prune: (filters, caller) => pruning.guarded('volume', caller, () => volumes.service.prune(filters, caller)),
			},
			diskUsage: createDiskUsage({
				queries: containers.queries,
				volumes: () => volumes.service.list(new Map()),
				usersOf: (name) => containers.usersOfVolume(name).length,
				measure: measurer.measure,
			}),
			pruning,
			registryLogin: images.login,
			system: { facts, counters: () => countersOf(events), programs: programFacts },
			events,
			log,
			onRequest: idle.active,
		},
		announceReload: () =>
			announceReload(events, live.current(), {
				id: identity(records),
				defaultRuntime: defaultRuntime.program.name,
				runtimes: programs,
			}),
		async close() {
			idle.stop();
			measurer.close();
			containers.close();
			shims.close();
			const unused = containers.queries.list({ all: false, limit: 0, filters: new Map() }).length === 0;
			if (unused) await networks.destroy();
			else networks.close();
			await snapshotStore.close();
			records.close();
		},
	};
}

function countersOf(events: EventBus) {
	return { fileDescriptors: countDescriptors(), threads: countThreads(), eventListeners: events.readers() };
}

/** TCP sockets that anybody may use who reaches them. */
function openApis({ hosts, tls }: DaemonConfig): { address: string; encrypted: boolean }[] {
	if (tls?.verify === true) return [];
	return hosts.flatMap((host) =>
		host.kind === 'tcp' ? [{ address: `${host.host}:${host.port}`, encrypted: tls !== null }] : [],
	);
}

/** The daemon's id: made once, then kept. */
function identity(records: Records): string {
	const settings = records.collection<string>('settings');
	const known = settings.get('id');
	if (known !== undefined) return known;
	const made = randomUUID();
	settings.put('id', made);
	return made;
}
