import { mkdir, stat } from 'node:fs/promises';
import { EngineError, messageOf, wrap } from '../../../errors.ts';
import type { SpecMount } from '../../../runtime/spec/input.ts';
import type { Container, MountPoint } from '../model.ts';
import { type FindContainer, ipcDonor, joinedContainer } from '../spec/joins.ts';
import { checkBindSource } from './mount-points.ts';
import type { BindPlaces, PinnedPaths, SnapshotsForMounts, VolumesForRuns } from './ports.ts';
import type { RunMounts } from './volume-binder.ts';

/** What the mounts of runs stand on. */
export interface RunMountsDependencies {
	readonly volumes: VolumesForRuns;
	readonly snapshots: SnapshotsForMounts;
	readonly pins: PinnedPaths;
	readonly places: BindPlaces;
	readonly find: FindContainer;
	/** The kernel can make a mount and all below it read-only (5.12 and later). */
	readonly recursiveReadOnly: boolean;
}

/** The mounts of runs. */
export function createRunMounts(dependencies: RunMountsDependencies): RunMounts {
	const { volumes, snapshots, pins } = dependencies;
	const imageUsers = new Map<string, Set<string>>();
	let borrowed = 0;

	const useImage = async (snapshot: string, user: string): Promise<string> => {
		imageUsers.set(snapshot, (imageUsers.get(snapshot) ?? new Set()).add(user));
		return (await snapshots.mount(snapshot, { volatile: true })).path;
	};

	const leaveImage = async (snapshot: string, user: string): Promise<void> => {
		const users = imageUsers.get(snapshot);
		users?.delete(user);
		if (users !== undefined && users.size > 0) return;
		imageUsers.delete(snapshot);
		await snapshots.unmount(snapshot);
	};

	/** Where on the host it is, once that is mounted. */
	const openSource = async (user: string, index: number, point: MountPoint): Promise<string> => {
		const { subpath } = point.request;
		let { source } = point;
		if (point.type === 'volume') {
			source = volumes.path(point.name);
			try {
				await volumes.acquire(point.name, user);
			} catch (error) {
				throw wrap(error, `error while mounting volume '${source}'`);
			}
		} else if (point.image !== null) {
			const root = await useImage(point.image.snapshot, user);
			// Always: readers of files let go of the folder that all roots are in.
			return pins.pin(user, index, root, subpath || '.');
		}
		if (point.type === 'bind' && point.request.createSource) await makeSource(source);
		else if (point.type === 'bind') await checkBindSource(source);
		return subpath === '' ? source : pins.pin(user, index, source, subpath);
	};

	const openAll = async ({ mountPoints }: Container, user: string): Promise<readonly SpecMount[]> => {
		const mounts: SpecMount[] = [];
		for (const [index, point] of mountPoints.entries()) {
			if (point.type === 'tmpfs') mounts.push(tmpfsMount(point));
			else mounts.push(await bindMount(point, await openSource(user, index, point), dependencies));
		}
		return mounts;
	};

	const closeAll = async (container: Container, user: string): Promise<void> => {
		const failures: unknown[] = [];
		const attempt = async (step: () => unknown) => {
			try {
				await step();
			} catch (error) {
				failures.push(error);
			}
		};
		await attempt(() => pins.unpin(user));
		for (const { type, name, image } of container.mountPoints) {
			if (type === 'volume') await attempt(() => volumes.release(name, user));
			if (image !== null) await attempt(() => leaveImage(image.snapshot, user));
		}
		if (failures.length > 0) throw new AggregateError(failures, `unmount what container ${container.name} had`);
	};

	const announce = ({ id, mountPoints }: Container, action: 'mount' | 'unmount'): void => {
		for (const { type, name, destination, rw } of mountPoints) {
			if (type !== 'volume') continue;
			volumes.announce(name, action, { container: id, destination, propagation: '', 'read/write': String(rw) });
		}
	};

	return {
		async open(container, rootfs) {
			checkTargets(container, rootfs, dependencies.places);
			const mounts = [...sharedMemory(container, dependencies), ...(await openAll(container, container.id))];
			announce(container, 'mount');
			return mounts;
		},
		async close(container) {
			announce(container, 'unmount');
			await closeAll(container, container.id);
		},
		async borrow(container) {
			const user = `${container.id}.borrowed.${++borrowed}`;
			const giveBack = () => closeAll(container, user);
			try {
				return { mounts: await openAll(container, user), [Symbol.asyncDispose]: giveBack };
			} catch (error) {
				await giveBack();
				throw error;
			}
		},
		async reconcile(running) {
			const users = new Map<string, string[]>();
			for (const { id, mountPoints } of running) {
				for (const { type, name, image } of mountPoints) {
					if (type === 'volume') users.set(name, [...(users.get(name) ?? []), id]);
					if (image !== null) imageUsers.set(image.snapshot, new Set([id]));
				}
			}
			const known = new Set(running.map(({ id }) => id));
			for (const owner of pins.owners()) if (!known.has(owner)) pins.unpin(owner);
			await volumes.reconcile(users);
		},
	};
}

/** What a container may cover of /proc: files that tell of the machine. Source: runc's list. */
const coverable = new Set(
	['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'slabinfo', 'stat', 'swaps', 'uptime']
		.concat('net/dev', 'sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled')
		.map((name) => `/proc/${name}`),
);

/** What a container knows of itself comes from its /proc: nothing else is mounted there. @throws `invalid_argument` */
function checkTargets({ mountPoints }: Container, rootfs: string, places: BindPlaces): void {
	for (const { destination } of mountPoints) {
		const place = places.resolveIn(rootfs, destination);
		if (place !== '/proc' && !place.startsWith('/proc/')) continue;
		if (coverable.has(place)) continue;
		const reason = place === '/proc' ? 'it is not of type proc' : 'it is inside /proc';
		throw new EngineError('invalid_argument', `"${destination}" cannot be mounted because ${reason}`);
	}
}

/** /dev/shm of a container that shares it, or that has another's; what the user mounts there comes after it, and over it. */
function sharedMemory(
	{ id, hostConfig: { ipcMode, shmSize } }: Container,
	{ pins, find }: Pick<RunMountsDependencies, 'pins' | 'find'>,
): readonly SpecMount[] {
	const other = joinedContainer(ipcMode);
	if (other === null && ipcMode !== 'shareable') return [];
	const source = other === null ? pins.share(id, shmSize) : pins.shared(ipcDonor(other, find).id);
	return [{ type: 'bind', source, target: '/dev/shm', readOnly: false, propagation: 'rprivate', nonRecursive: false }];
}

function tmpfsMount({ destination, rw, request }: MountPoint): SpecMount {
	return {
		type: 'tmpfs',
		target: destination,
		readOnly: !rw,
		size: request.tmpfsSize,
		mode: request.tmpfsMode,
		options: request.tmpfsOptions,
	};
}

async function bindMount(
	point: MountPoint,
	source: string,
	{ places, recursiveReadOnly }: Pick<RunMountsDependencies, 'places' | 'recursiveReadOnly'>,
): Promise<SpecMount> {
	const { request } = point;
	if (request.readOnlyForceRecursive && !recursiveReadOnly) {
		throw new EngineError(
			'unsupported',
			`mount "${source}": a recursive read-only mount needs a kernel of 5.12 or later`,
		);
	}
	let { propagation } = point;
	const obstacle = places.obstacleTo(propagation, source);
	if (obstacle !== null) {
		// Where nobody asked for it, it is good enough that nothing spreads.
		if (request.propagation !== '') throw new EngineError('internal', obstacle);
		propagation = 'rprivate';
	}
	const wanted = !point.rw && recursiveReadOnly && !request.readOnlyNonRecursive && !request.nonRecursive;
	return {
		type: 'bind',
		source,
		target: point.destination,
		readOnly: !point.rw,
		// Below a file there is nothing, and crun refuses it there.
		recursiveReadOnly: wanted && (await stat(source)).isDirectory(),
		propagation,
		nonRecursive: request.nonRecursive,
	};
}

/** Makes the directory to bind unless there is something to bind, a file for one. @throws `invalid_argument`. */
async function makeSource(path: string): Promise<void> {
	try {
		await mkdir(path, { recursive: true });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
		throw new EngineError('invalid_argument', `error while creating mount source path '${path}': ${messageOf(error)}`, {
			cause: error,
		});
	}
}
