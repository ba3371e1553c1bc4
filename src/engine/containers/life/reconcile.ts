import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../errors.ts';
import type { ExitStatus, Shim, ShimState, Shims } from '../../../runtime/protocol.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Layout } from '../layout.ts';
import type { Container } from '../model.ts';
import type { RunMounts } from '../mounts/volume-binder.ts';
import type { Networking, Snapshots } from '../ports.ts';
import type { ExecSessions } from '../streams/execs.ts';
import { type RemoveDependencies, removeContainer } from './remove.ts';
import { startsWithDaemon } from './restart-policy.ts';
import type { Supervisor } from './supervisor.ts';

export interface ReconcileDependencies extends RemoveDependencies {
	readonly containers: ContainerSet;
	readonly networking: Networking;
	readonly snapshots: Snapshots;
	readonly runMounts: RunMounts;
	readonly supervisor: Supervisor;
	readonly execs: ExecSessions;
	readonly shims: Shims;
	readonly layout: Layout;
	readonly report: (doing: string, error: unknown) => void;
}

/** What was found of one recorded container. */
type Finding =
	| { readonly kind: 'running'; readonly container: Container; readonly shim: Shim; readonly state: ShimState }
	| { readonly kind: 'ended'; readonly container: Container; readonly status: ExitStatus }
	| { readonly kind: 'lost'; readonly container: Container; readonly reason: string }
	| { readonly kind: 'still'; readonly container: Container };

/**
 * Compares the records with what is real and acts on the difference: takes over running containers, records exits
 * that nobody saw, finishes removals, takes away what belongs to nobody. Before the daemon serves anyone.
 */
export async function reconcileContainers(dependencies: ReconcileDependencies): Promise<void> {
	const { containers, networking, snapshots, supervisor, execs, layout, report } = dependencies;
	const findings = await Promise.all(containers.all().map((container) => observe(container, dependencies)));
	const running = findings.filter((one) => one.kind === 'running');

	for (const { container, shim, state } of running) {
		takeOver(container, state, dependencies);
		supervisor.adopt(containers.resolve(container.id), shim, state.oomKilled);
		execs.adopt(container.id, state.execs);
	}
	await networking.reconcile(
		running.map(({ container: { id } }) => {
			const { endpoints, ports } = containers.resolve(id);
			return { containerId: id, endpoints, ports };
		}),
	);
	await dependencies.runMounts.reconcile(running.map((one) => one.container));
	await snapshots.reconcile(
		new Set(containers.all().flatMap(snapshotsOf)),
		new Set(running.flatMap((one) => snapshotsOf(one.container))),
	);
	for (const finding of findings) {
		if (finding.kind === 'ended') await supervisor.recordExit(finding.container, finding.status);
		if (finding.kind === 'lost') await supervisor.recordLoss(finding.container, finding.reason);
	}
	for (const container of containers.all()) {
		if (container.state.at !== 'removing') continue;
		await removeContainer(container.id, { force: true, volumes: false }, {}, dependencies).catch((error: unknown) =>
			report(`finish the removal of container ${container.name}`, error),
		);
	}
	await sweep(layout.containersDir, (name) => containers.find(name) !== undefined);
	// What begins with a dot is the runtime's cache beside the bundles.
	await sweep(layout.bundlesDir, (name) => name.startsWith('.') || running.some((one) => one.container.id === name));
}

/** Starts what the restart policies want to run. In the background: nobody waits for it. */
export function startWithDaemon(
	dependencies: Pick<ReconcileDependencies, 'containers' | 'supervisor' | 'report'>,
): void {
	for (const container of dependencies.containers.all()) {
		if (!startsWithDaemon(container)) continue;
		dependencies.supervisor
			.start(container.id, {})
			.catch((error: unknown) => dependencies.report(`start container ${container.name} with the daemon`, error));
	}
}

async function observe(container: Container, dependencies: ReconcileDependencies): Promise<Finding> {
	const { shims, layout, report } = dependencies;
	const files = layout.files(container.id);
	let found: { shim: Shim; state: ShimState } | null = null;
	let reason = 'the shim of the container is gone';
	try {
		found = await shims.reconnect(container.id, files.socket);
	} catch (error) {
		reason = messageOf(error);
		report(`reconnect to container ${container.name}`, error);
	}
	if (found?.state.at === 'running') return { kind: 'running', container, ...found };
	if (found !== null) {
		// What it is still taking away must not be taken from a next run.
		if (found.state.at === 'exited') await found.shim.released;
		found.shim.close();
	}
	const recorded = found?.state.exit ?? (await readExit(files.exit));
	const wasActive = container.state.at === 'running' || container.state.at === 'paused';
	if (recorded !== null && (wasActive || isNewer(recorded, container)))
		return { kind: 'ended', container, status: recorded };
	if (!wasActive) return { kind: 'still', container };
	return { kind: 'lost', container, reason };
}

/** The daemon died between the start and its record: the exit is of a run that no record knows. */
function isNewer(status: ExitStatus, container: Container): boolean {
	const { state } = container;
	return state.at === 'created' || (state.at === 'exited' && state.startedAt !== status.startedAt);
}

function takeOver(container: Container, state: ShimState, dependencies: ReconcileDependencies): void {
	const { containers } = dependencies;
	const current = container.state;
	if ((current.at === 'running' || current.at === 'paused') && current.pid === state.pid) return;
	containers.update(
		container.id,
		(one) => ({ ...one, hasBeenStarted: true, state: { at: 'running', pid: state.pid, startedAt: state.startedAt } }),
		{ action: 'start' },
	);
}

async function readExit(path: string): Promise<ExitStatus | null> {
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
		throw error;
	}
	return JSON.parse(text) as ExitStatus;
}

/** The snapshot of the container itself, and those of the images that it mounts. */
function snapshotsOf({ id, mountPoints }: Container): readonly string[] {
	return [id, ...mountPoints.flatMap(({ image }) => (image === null ? [] : [image.snapshot]))];
}

/** Deletes the entries of a directory that belong to nobody. */
async function sweep(directory: string, belongs: (name: string) => boolean): Promise<void> {
	for (const name of await readdir(directory)) {
		if (!belongs(name)) await rm(join(directory, name), { recursive: true, force: true });
	}
}
