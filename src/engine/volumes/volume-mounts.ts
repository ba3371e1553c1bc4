import { EngineError } from '../../errors.ts';
import { mountPoints } from '../../kernel/mount.ts';
import { createKeyedMutex } from '../../lib/keyed-mutex.ts';
import { type DeviceMount, type DriverOptions, deviceMountOf } from './driver-options.ts';
import { type MountJob, mountDevice } from './mount-device.ts';
import { withResolvedAddress } from './network-address.ts';
import { unmountAll } from './unmount-all.ts';

/** A volume as mounting sees it. */
export interface MountableVolume {
	readonly name: string;
	readonly options: DriverOptions | null;
}

/** The devices of volumes, mounted while anybody uses them. A volume without a device is left alone. */
export interface VolumeMounts {
	/** The first user's call mounts. @throws `internal` with dockerd's sentence; nothing is mounted then. */
	acquire(volume: MountableVolume, user: string): Promise<void>;
	/** The last user's call unmounts. Not a user is fine. */
	release(name: string, user: string): Promise<void>;
	/** At boot: takes over what those use, unmounts the rest. `users`: of each volume in use. */
	reconcile(volumes: readonly MountableVolume[], users: ReadonlyMap<string, readonly string[]>): Promise<void>;
}

/** What mounting volumes stands on. */
export interface VolumeMountsOptions {
	/** Where a volume's content is. */
	readonly path: (name: string) => string;
	/** Mounts in a process of its own: what may wait for a server. Resolves like {@link mountDevice}. */
	readonly mountApart: (job: MountJob) => Promise<string | null>;
}

/** What the kernel mounts without waiting for anything. */
function isImmediate({ type, options }: DeviceMount): boolean {
	return type === 'tmpfs' || options.split(',').some((word) => word === 'bind' || word === 'rbind');
}

/** A message without the password that was among the options. */
function withoutPassword(message: string, options: string): string {
	const secret = options.split(',').find((word) => word.startsWith('password='));
	return secret === undefined || secret === 'password=' ? message : message.replaceAll(secret, 'password=********');
}

/** Counts users in memory: what is mounted is the kernel's to know, and is read from there at boot. */
export function createVolumeMounts({ path, mountApart }: VolumeMountsOptions): VolumeMounts {
	const users = new Map<string, Set<string>>();
	const mutex = createKeyedMutex();

	const mountAt = async (target: string, given: DeviceMount): Promise<void> => {
		const resolved = await withResolvedAddress(given);
		const job = { ...resolved, target };
		const failure = isImmediate(resolved) ? mountDevice(job) : await mountApart(job);
		if (failure === null) return;
		unmountAll(target);
		throw new EngineError('internal', `failed to mount local volume: ${withoutPassword(failure, resolved.options)}`);
	};

	return {
		acquire: (volume, user) =>
			mutex.run(volume.name, async () => {
				const device = deviceMountOf(volume.options);
				if (device === null) return;
				const mine = users.get(volume.name) ?? new Set();
				if (mine.size === 0) {
					// An earlier user's mount that could not be taken away must not be covered up.
					unmountAll(path(volume.name));
					await mountAt(path(volume.name), device);
				}
				users.set(volume.name, mine.add(user));
			}),
		release: (name, user) =>
			mutex.run(name, async () => {
				const mine = users.get(name);
				if (mine === undefined || !mine.delete(user) || mine.size > 0) return;
				users.delete(name);
				unmountAll(path(name));
			}),
		async reconcile(volumes, live) {
			const mounted = new Set(mountPoints());
			for (const { name } of volumes) {
				const holders = live.get(name) ?? [];
				if (holders.length > 0 && mounted.has(path(name))) users.set(name, new Set(holders));
				else if (mounted.has(path(name))) unmountAll(path(name));
			}
		},
	};
}
