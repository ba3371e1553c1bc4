import type { Caller } from '../../../events/types.ts';
import type { Digest } from '../../../oci/digest.ts';

/** A volume as containers see it. */
export interface BoundVolume {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
}

/** What making and removing containers needs of volumes. */
export interface VolumesForContainers {
	ensure(
		request: {
			readonly name: string;
			readonly driver: string;
			readonly labels: Readonly<Record<string, string>>;
			readonly options: Readonly<Record<string, string>>;
		},
		caller: Caller,
	): Promise<BoundVolume>;
	find(name: string): BoundVolume | undefined;
	path(name: string): string;
	remove(name: string, caller: Caller): Promise<void>;
	/** Gives an empty volume what the image has at a path. */
	populate(name: string, image: ImageContent): Promise<void>;
}

/** What an image has at the place of a volume. */
export interface ImageContent {
	/** Mounts the image's root when it is needed; gives where. */
	readonly mountRoot: () => Promise<string>;
	readonly destination: string;
	/** The container that is being made: its volume's device is mounted for it meanwhile. */
	readonly user: string;
}

/** What a run needs of volumes. */
export interface VolumesForRuns {
	path(name: string): string;
	/** Mounts its device for a user. @throws what mounting says. */
	acquire(name: string, user: string): Promise<void>;
	release(name: string, user: string): Promise<void>;
	reconcile(users: ReadonlyMap<string, readonly string[]>): Promise<void>;
	announce(name: string, action: 'mount' | 'unmount', attributes: Readonly<Record<string, string>>): void;
}

/** Parts of trees, mounted where nobody but the engine can change what is meant. */
export interface PinnedPaths {
	/** Mounts what is at `subpath` inside `root`; gives where. @throws `not_found`, and no symlink leads out of `root`. */
	pin(owner: string, index: number, root: string, subpath: string): string;
	/** Mounts memory of so many bytes for a container's /dev/shm; gives where. */
	share(owner: string, size: number): string;
	/** Where {@link share} put an owner's. */
	shared(owner: string): string;
	/** Takes all of an owner's away. Nothing there is fine. */
	unpin(owner: string): void;
	/** Owners that have some. */
	owners(): readonly string[];
}

/** Where mounts may lie and how they may spread. */
export interface BindPlaces {
	/** Everything that the engine keeps: a bind that contains it must not hold its mounts fast. */
	readonly dataRoot: string;
	/** Where a path leads inside a root; what is missing of it is kept as it is. */
	resolveIn(root: string, path: string): string;
	/** What keeps the mount that `source` is on from spreading so; null: nothing. */
	obstacleTo(propagation: string, source: string): string | null;
}

/** What image mounts need of images. */
export interface ImagesForMounts {
	resolve(ref: string, platform: string): Promise<{ readonly id: Digest; readonly chainId: Digest | null }>;
}

/** What image mounts need of snapshots. */
export interface SnapshotsForMounts {
	create(id: string, parent: Digest | null): Promise<void>;
	mount(id: string, options: { readonly volatile: boolean }): Promise<{ readonly path: string }>;
	unmount(id: string): Promise<void>;
	remove(id: string): Promise<void>;
	describe(id: string): { readonly path: string } | null;
}
