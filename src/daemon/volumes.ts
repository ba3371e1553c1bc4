import { realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Containers } from '../engine/containers/containers.ts';
import { createVolumeBinder } from '../engine/containers/mounts/binder.ts';
import type { ImageContent, ImagesForMounts, SnapshotsForMounts } from '../engine/containers/mounts/ports.ts';
import { createRunMounts } from '../engine/containers/mounts/run-mounts.ts';
import type { RunMounts, VolumeBinder } from '../engine/containers/mounts/volume-binder.ts';
import { mountApart } from '../engine/volumes/mount-role.ts';
import { resolveIn } from '../engine/volumes/mount-target.ts';
import { createPinnedPaths } from '../engine/volumes/pinned-paths.ts';
import { populateVolume } from '../engine/volumes/populate.ts';
import { obstacleTo } from '../engine/volumes/propagation.ts';
import { createVolumeService, type VolumeService } from '../engine/volumes/service.ts';
import { createVolumeMounts } from '../engine/volumes/volume-mounts.ts';
import { openVolumes, type Volume, type Volumes } from '../engine/volumes/volumes.ts';
import { EngineError } from '../errors.ts';
import type { EventBus } from '../events/bus.ts';
import { openDirectoryIn } from '../kernel/open-in-root.ts';
import { timestamp } from '../lib/time.ts';
import type { Records } from '../store/records/records.ts';
import { roleCommand } from './role-command.ts';

/** What volumes and mounts are wired with. */
export interface VolumeServicesOptions {
	readonly records: Records;
	readonly events: EventBus;
	readonly dataRoot: string;
	readonly execRoot: string;
	readonly kernelRelease: string;
	/** Bytes on disk below a directory. */
	readonly usage: (path: string) => Promise<number>;
	readonly images: ImagesForMounts;
	readonly snapshots: SnapshotsForMounts;
	readonly containers: () => Containers;
}

/** Volumes and mounts for containers, and volumes as users manage them. */
export interface VolumeServices {
	readonly binder: VolumeBinder;
	readonly runMounts: RunMounts;
	readonly service: VolumeService;
}

/** Mounts below a mount can be made read-only with it (mount_setattr) since 5.12. */
function hasRecursiveReadOnly(release: string): boolean {
	const [major = 0, minor = 0] = release.split('.').map(Number);
	return major > 5 || (major === 5 && minor >= 12);
}

/** Wires them by hand. */
export async function openVolumeServices(options: VolumeServicesOptions): Promise<VolumeServices> {
	const { records, events, dataRoot, execRoot, images, snapshots, containers } = options;
	const volumes = await openVolumes({
		root: join(dataRoot, 'volumes'),
		records: records.collection<Volume>('volumes'),
		events,
		now: timestamp,
	});
	const mounts = createVolumeMounts({
		path: volumes.path,
		mountApart: (job) => mountApart(roleCommand('mount-volume'), job),
	});
	const known = (name: string): Volume => {
		const volume = volumes.find(name);
		if (volume === undefined) throw new EngineError('not_found', `get ${name}: no such volume`);
		return volume;
	};
	const places = { dataRoot: realpathSync(dataRoot), obstacleTo, resolveIn };
	const binder = createVolumeBinder({
		volumes: {
			...volumes,
			populate: (name, content) => populate(known(name), content, volumes, mounts),
		},
		images,
		snapshots,
		places,
		containerOf: (ref) => containers().queries.get(ref),
		usersOf: (name) => containers().usersOfVolume(name),
	});
	const runMounts = createRunMounts({
		volumes: {
			path: volumes.path,
			announce: volumes.announce,
			acquire: async (name, user) => mounts.acquire(known(name), user),
			release: async (name, user) => mounts.release(name, user),
			reconcile: (users) => mounts.reconcile(volumes.list(), users),
		},
		snapshots,
		pins: createPinnedPaths(join(execRoot, 'pins')),
		places,
		find: (ref) => containers().queries.get(ref),
		recursiveReadOnly: hasRecursiveReadOnly(options.kernelRelease),
	});
	const usersOf = (name: string) => [...new Set([...containers().usersOfVolume(name), ...binder.holdersOf(name)])];
	return { binder, runMounts, service: createVolumeService({ volumes, usersOf, usage: options.usage }) };
}

async function populate(
	volume: Volume,
	{ mountRoot, destination, user }: ImageContent,
	volumes: Volumes,
	mounts: ReturnType<typeof createVolumeMounts>,
): Promise<void> {
	const path = volumes.path(volume.name);
	// The usual case, in which the image need not be mounted.
	if (volume.options === null && (await readdir(path)).length > 0) return;
	const rootfs = await mountRoot();
	const source = openDirectoryIn(rootfs, destination);
	if (source === null) return;
	source.close();
	const holder = `create ${user}`;
	await mounts.acquire(volume, holder);
	try {
		await populateVolume(path, rootfs, destination, openDirectoryIn);
	} finally {
		await mounts.release(volume.name, holder);
	}
}
