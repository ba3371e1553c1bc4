import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import type { PathStat, View, ViewMount } from '../../../store/files/protocol.ts';
import type { FileTrees } from '../../../store/files/trees.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Layout } from '../layout.ts';
import type { Container } from '../model.ts';
import type { BorrowedMounts, RunMounts } from '../mounts/volume-binder.ts';
import type { ImageCommits, RootFilesystem } from '../ports.ts';
import { type CommitDependencies, commitContainer } from './commit.ts';
import type { ContainerFiles } from './service.ts';

/** A mounted root filesystem, until it is given back. */
export interface RootLease extends AsyncDisposable {
	readonly filesystem: RootFilesystem;
}

/** A root with what is mounted on it. */
type FilesLease = RootLease & BorrowedMounts;

export interface FilesDependencies {
	readonly containers: ContainerSet;
	readonly mutex: KeyedMutex;
	readonly runMounts: RunMounts;
	readonly layout: Layout;
	readonly roots: {
		/** A mount with the roots of all containers below it. */
		readonly folder: string;
		lease(containerId: string): Promise<RootLease>;
		describe(containerId: string): RootFilesystem | null;
	};
	readonly trees: FileTrees;
	readonly commits: ImageCommits;
	readonly controls: CommitDependencies['controls'];
	/** Who a container's user is, by the account files of its root. */
	readonly resolveUser: (rootfs: string, user: string) => { readonly uid: number; readonly gid: number };
}

/** Copying out of and into containers, running or not, and what they changed. */
export function createContainerFiles(dependencies: FilesDependencies): ContainerFiles {
	const { containers, mutex, runMounts, roots, trees } = dependencies;

	/** The container's root, and what a start would mount on it. */
	const leaseOf = (id: string): Promise<FilesLease> =>
		mutex.run(id, async () => {
			const container = containers.resolve(id);
			if (container.state.at === 'removing') {
				throw new EngineError('conflict', `container ${container.name} is being removed`);
			}
			const lease = await roots.lease(id);
			try {
				const { mounts, ...borrowed } = await runMounts.borrow(container);
				return {
					filesystem: lease.filesystem,
					mounts,
					async [Symbol.asyncDispose]() {
						await lease[Symbol.asyncDispose]();
						await borrowed[Symbol.asyncDispose]();
					},
				};
			} catch (error) {
				await lease[Symbol.asyncDispose]();
				throw error;
			}
		});

	const viewOf = (container: Container, lease: FilesLease): View => ({
		root: lease.filesystem.path,
		roots: roots.folder,
		readOnly: container.hostConfig.readonlyRootfs,
		mounts: mountsOf(container, lease.mounts, dependencies.layout),
	});

	const checked = (path: string): string => {
		if (path === '') throw new EngineError('invalid_argument', 'bad parameter: path cannot be empty');
		return path;
	};

	/** Runs `body` on the container's files; not found is told of the path as it was asked for. */
	const withView = async <T>(
		container: Container,
		path: string,
		body: (view: View, lease: FilesLease) => Promise<T>,
	): Promise<T> => {
		const lease = await leaseOf(container.id);
		try {
			return await body(viewOf(container, lease), lease);
		} catch (error) {
			await lease[Symbol.asyncDispose]();
			if (codeOf(error) !== 'not_found' || messageOf(error) !== path) throw error;
			throw new EngineError('not_found', `Could not find the file ${path} in container ${container.name}`);
		}
	};

	const told = (container: Container, action: 'archive-path' | 'extract-to-dir' | 'export', caller: Caller): void => {
		// It may have been removed meanwhile.
		if (containers.find(container.id) !== undefined) containers.update(container.id, (one) => one, { action, caller });
	};

	return {
		async stat(ref, path, signal) {
			const container = containers.resolve(ref);
			return withView(container, checked(path), async (view, lease): Promise<PathStat> => {
				const stat = await trees.stat(view, path, signal);
				await lease[Symbol.asyncDispose]();
				return stat;
			});
		},
		async archive(ref, path, caller, signal) {
			const container = containers.resolve(ref);
			return withView(container, checked(path), async (view, lease) => {
				const { stat, tar } = await trees.archive(view, path, signal);
				told(container, 'archive-path', caller);
				return { stat, tar: releasing(tar, lease) };
			});
		},
		async extract(ref, path, { keepKind, asUser }, tar, caller, signal) {
			const container = containers.resolve(ref);
			await withView(container, checked(path), async (view, lease) => {
				const { user } = container.config;
				const owner = asUser && user !== '' ? dependencies.resolveUser(lease.filesystem.path, user) : null;
				await trees.extract({ view, path, keepKind, owner }, tar, signal);
				await lease[Symbol.asyncDispose]();
			});
			told(container, 'extract-to-dir', caller);
		},
		async commit(ref, options, caller, signal) {
			const { commits: images, controls } = dependencies;
			const given = { containers, controls, trees, images, describe: roots.describe };
			return commitContainer(given, ref, options, caller, signal);
		},
		async changes(ref, signal) {
			const { id } = containers.resolve(ref);
			const root = roots.describe(id);
			return root === null ? [] : trees.changes(root.upper, root.lower, signal);
		},
		async export(ref, caller, signal) {
			const container = containers.resolve(ref);
			const lease = await leaseOf(container.id);
			try {
				const tar = await trees.export(lease.filesystem.path, signal);
				told(container, 'export', caller);
				return releasing(tar, lease);
			} catch (error) {
				await lease[Symbol.asyncDispose]();
				throw error;
			}
		},
	};
}

async function* releasing(tar: AsyncIterable<Uint8Array>, lease: RootLease): AsyncGenerator<Uint8Array> {
	try {
		yield* tar;
	} finally {
		await lease[Symbol.asyncDispose]();
	}
}

/**
 * What is mounted on the root for a copy, shallow ones first: volumes and binds, and the files of the network. Not tmpfs:
 * that is the running container's alone, and Docker copies to what is below it.
 */
function mountsOf(container: Container, given: BorrowedMounts['mounts'], layout: Layout): ViewMount[] {
	const mounts = given.flatMap((mount) =>
		mount.type === 'tmpfs'
			? []
			: [
					{
						source: mount.source,
						destination: mount.target,
						writable: !mount.readOnly,
						recursive: !mount.nonRecursive,
					},
				],
	);
	const files = layout.files(container.id);
	const covered = new Set(mounts.map(({ destination }) => destination));
	const network = (
		[
			['/etc/hosts', files.hosts],
			['/etc/hostname', files.hostname],
			['/etc/resolv.conf', files.resolvConf],
		] as const
	).filter(([destination]) => container.hasBeenStarted && !covered.has(destination));
	const writable = !container.hostConfig.readonlyRootfs;
	return [
		...mounts,
		...network.map(([destination, source]) => ({ source, destination, writable, recursive: false })),
	].sort((a, b) => depth(a.destination) - depth(b.destination));
}

const depth = (path: string): number => path.split('/').filter((part) => part !== '').length;
