import { mkdir, rm, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import type { ByteDuplex } from '../../../lib/byte-duplex.ts';
import type { Turns } from '../../../lib/turns.ts';
import type { RuntimeProgram, Shim, ShimJob, Shims } from '../../../runtime/protocol.ts';
import type { SpecMount } from '../../../runtime/spec/input.ts';
import type { ContainerDefaults } from '../defaults.ts';
import type { Layout } from '../layout.ts';
import { type LinkedContainer, linkEnvironment, linkHostsLine } from '../links/link-environment.ts';
import type { LiveLinks } from '../links/live-links.ts';
import { logTarget } from '../logs/log-config.ts';
import type { Container } from '../model.ts';
import type { RunMounts } from '../mounts/volume-binder.ts';
import type { Networking, RootFilesystem, Sandbox, Snapshots } from '../ports.ts';
import { withDaemonDefaults } from '../spec/daemon-defaults.ts';
import { sandboxRequest } from '../spec/sandbox-request.ts';
import type { Lives } from './lives.ts';

/** Writes the OCI bundle of a container. */
export type BundleWriter = (input: {
	readonly container: Container;
	readonly rootfs: string;
	readonly sandbox: Sandbox;
	/** What the user wants mounted. */
	readonly mounts: readonly SpecMount[];
	/** Variables that its own may replace. */
	readonly linkEnv: readonly string[];
	readonly files: { readonly hosts: string; readonly resolvConf: string; readonly hostname: string };
	readonly cgroupPath: string;
}) => Promise<void>;

export interface LaunchDependencies {
	readonly networking: Networking;
	readonly snapshots: Snapshots;
	readonly runMounts: RunMounts;
	readonly shims: Shims;
	readonly lives: Lives;
	readonly links: LiveLinks;
	readonly layout: Layout;
	readonly writeBundle: BundleWriter;
	readonly runtimeOf: (name: string) => RuntimeProgram;
	readonly limits: { readonly hostname: string };
	/** As of now. */
	readonly defaults: () => ContainerDefaults;
	/** System calls that hold the event loop for a millisecond or more take turns: many starts at once must not starve the others. */
	readonly turns: Turns;
}

/** A container that runs. */
export interface Launched {
	readonly shim: Shim;
	readonly sandbox: Sandbox;
	readonly pid: number;
	readonly startedAt: string;
}

/** The cgroup of a container below each hierarchy. */
export function cgroupPathOf(container: Container): string {
	const parent = container.hostConfig.cgroupParent || '/gantry';
	return posix.join('/', parent, container.id);
}

/** Takes away all that a run leaves: network, mount, bundle. All are tried; their failures come together. */
export async function releaseRun(container: Container, dependencies: LaunchDependencies): Promise<void> {
	const { networking, snapshots, runMounts, layout } = dependencies;
	const results = await Promise.allSettled([
		runMounts.close(container),
		networking.release(container.id),
		snapshots.unmount(container.id),
		rm(layout.files(container.id).bundle, { recursive: true, force: true }),
	]);
	const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown);
	if (failures.length > 0) throw new AggregateError(failures, `clean up after container ${container.name}`);
}

async function prepare(
	container: Container,
	linked: readonly LinkedContainer[],
	dependencies: LaunchDependencies,
): Promise<{ rootfs: RootFilesystem; mounts: readonly SpecMount[]; sandbox: Sandbox; shim: Shim }> {
	const { networking, snapshots, runMounts, shims, layout, turns, defaults } = dependencies;
	const files = layout.files(container.id);
	const job: ShimJob = {
		id: container.id,
		bundle: files.bundle,
		stateDir: files.stateDir,
		socket: files.socket,
		runtime: dependencies.runtimeOf(container.hostConfig.runtime),
		tty: container.config.tty,
		openStdin: container.config.openStdin,
		stdinOnce: container.config.stdinOnce,
		consoleSize: container.hostConfig.consoleSize[0] > 0 ? container.hostConfig.consoleSize : null,
		log: await logTarget({ container, hostname: dependencies.limits.hostname, logPath: files.log }),
		cgroupPath: cgroupPathOf(container),
	};
	const made = mkdir(files.stateDir, { recursive: true, mode: 0o710 }).then(() => shims.launch(job));
	const mountRoot = async (): Promise<RootFilesystem> => {
		await turns.take();
		const rootfs = await snapshots.mount(container.id, { volatile: container.hostConfig.autoRemove });
		return rootfs;
	};
	const attachNetwork = async (): Promise<Sandbox> => {
		await turns.take();
		return networking.attach(sandboxRequest(withDaemonDefaults(container, defaults()), linked.map(linkHostsLine)));
	};
	const root = mountRoot();
	const openMounts = async () => runMounts.open(container, (await root).path);
	const [shim, rootfs, mounts, sandbox] = await Promise.allSettled([made, root, openMounts(), attachNetwork()]);
	if (
		shim.status === 'fulfilled' &&
		rootfs.status === 'fulfilled' &&
		mounts.status === 'fulfilled' &&
		sandbox.status === 'fulfilled'
	) {
		return { shim: shim.value, rootfs: rootfs.value, mounts: mounts.value, sandbox: sandbox.value };
	}
	if (shim.status === 'fulfilled') shim.value.close();
	const failed = [shim, rootfs, mounts, sandbox].filter((one) => one.status === 'rejected');
	// Without a root there are no mounts: that is one failure.
	const reasons = [...new Set(failed.map((one) => one.reason as unknown))];
	throw reasons.length === 1 ? reasons[0] : new AggregateError(reasons, `start container ${container.name}`);
}

async function writeFiles(container: Container, sandbox: Sandbox, dependencies: LaunchDependencies): Promise<void> {
	const files = dependencies.layout.files(container.id);
	await Promise.all([
		writeFile(files.hosts, sandbox.files.hosts),
		writeFile(files.resolvConf, sandbox.files.resolvConf),
		writeFile(files.hostname, sandbox.files.hostname),
	]);
}

/** Connects the clients that attached before the start; a client whose connection fails is told, the start goes on. */
async function connectPending(id: string, shim: Shim, lives: Lives): Promise<void> {
	await Promise.all(
		lives.takePending(id).map(async (pending) => {
			let connection: ByteDuplex;
			try {
				connection = await shim.attach(pending.options);
			} catch (error) {
				pending.settle({ error: error instanceof Error ? error : new Error(String(error)) });
				return;
			}
			pending.settle({ connection });
		}),
	);
}

/** Brings a container up: everything that it needs side by side, then the runtime. All or nothing. */
export async function launch(container: Container, dependencies: LaunchDependencies): Promise<Launched> {
	let shim: Shim | undefined;
	try {
		const linked = dependencies.links.of(container);
		const prepared = await prepare(container, linked, dependencies);
		shim = prepared.shim;
		const { sandbox, rootfs, mounts } = prepared;
		const files = dependencies.layout.files(container.id);
		await writeFiles(container, sandbox, dependencies);
		await dependencies.turns.take();
		await dependencies.writeBundle({
			container,
			rootfs: rootfs.path,
			sandbox,
			mounts,
			linkEnv: linked.flatMap((one) => linkEnvironment(container.name, one)),
			files,
			cgroupPath: cgroupPathOf(container),
		});
		await connectPending(container.id, shim, dependencies.lives);
		const { pid, startedAt } = await shim.start();
		return { shim, sandbox, pid, startedAt };
	} catch (error) {
		shim?.close();
		const reason = error instanceof Error ? error : new Error(String(error));
		for (const pending of dependencies.lives.takePending(container.id)) pending.settle({ error: reason });
		try {
			await releaseRun(container, dependencies);
		} catch (cleanup) {
			throw new AggregateError([error, cleanup], `start container ${container.name}`);
		}
		throw error;
	}
}
