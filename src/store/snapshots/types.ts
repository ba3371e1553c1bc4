import type { Digest } from '../../oci/digest.ts';
import type { Collection } from '../records/records.ts';

/** An unpacked layer, as recorded under its chain id. */
export interface LayerRecord {
	readonly chainId: Digest;
	/** The chain id of the layer below; null for the lowest. */
	readonly parent: Digest | null;
	readonly diffId: Digest;
	/** Bytes of the regular files and symbolic links of this layer alone, as `docker history` counts them. */
	readonly size: number;
	/** The name of its directory: short, so that many fit into the options of a mount. */
	readonly dir: string;
	/** No image wants it any more; it stays while a container or another layer stands on it. */
	readonly released: boolean;
	/** The boot id of the host while its files may not be on the disk yet; if the host crashes then, the layer is dropped. */
	readonly unsyncedSince?: string;
}

/** A container's writable layer, as recorded under the container's id. */
export interface SnapshotRecord {
	readonly containerId: string;
	/** The chain id of the image's top layer; null for an image without layers. */
	readonly parent: Digest | null;
	/** The name of its directory. */
	readonly dir: string;
}

/** Limits that keep a hostile layer from filling the disk. */
export interface UnpackLimits {
	/** Bytes of the uncompressed tar. */
	readonly maxUnpackedBytes: number;
	/** Number of entries of the tar. */
	readonly maxEntries: number;
}

/** A blob that is unpacked while it comes, and stored nowhere. */
export interface BlobStream {
	/** Bytes. */
	readonly size: number;
	/**
	 * Called once, unless the layer is there already. It must throw at the end unless the bytes were the right ones: what
	 * was unpacked of them is discarded then, and unpacking fails with what it threw.
	 */
	open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface UnpackRequest {
	/** The path of the blob, or its bytes as they come: a tar, plain or compressed with gzip or zstd (told apart by its first bytes). */
	readonly blob: string | BlobStream;
	/** The chain id of the layer below, which is there or being unpacked (so that layers unpack side by side); null for the lowest. */
	readonly parent: Digest | null;
	/** When given, `parent` need only be there once this resolves; the files are unpacked meanwhile. Its rejection fails this. */
	readonly parentReady?: (signal: AbortSignal) => Promise<unknown>;
	/** What the uncompressed tar must hash to; null: take it as it comes (import). */
	readonly diffId: Digest | null;
	readonly signal?: AbortSignal;
	/** Bytes of the blob read so far, and its size. At most about ten times a second, and at the end. */
	readonly onProgress?: (progress: UnpackProgress) => void;
}

export interface UnpackProgress {
	readonly current: number;
	readonly total: number;
}

export interface UnpackedLayer {
	readonly chainId: Digest;
	readonly diffId: Digest;
	/** See {@link LayerRecord.size}. */
	readonly size: number;
}

/** Unpacked layers by chain id. */
export interface Layers {
	/**
	 * False for a released layer as well (unpack it again, which costs nothing then), and for one that a crash of the host
	 * may have torn: at boot, images unpack what is missing from their blobs.
	 */
	has(chainId: Digest): boolean;
	/**
	 * Unpacks a blob, in a process of its own; all or nothing. A layer that is there already is returned at once, and
	 * one that is being unpacked is waited for.
	 * @throws `corrupt` (not a tar, truncated, wrong diff id, entry that escapes the root, limits), `not_found` (parent),
	 * `exhausted` (disk full), `cancelled`; what a stream throws, wrapped.
	 */
	unpack(request: UnpackRequest): Promise<UnpackedLayer>;
	/**
	 * Says that no image wants the layer any more. It goes at once, or when the last container or layer above it goes.
	 * The caller asks only when no other image has it. Unknown is fine.
	 */
	remove(chainId: Digest): Promise<void>;
	/** @throws `not_found`. */
	size(chainId: Digest): number;
	list(): LayerRecord[];
	/** Directories of the layer and all below it, topmost first (the order of overlay's lowerdir). @throws `not_found`. */
	paths(chainId: Digest): string[];
}

/** A container's root filesystem. */
export interface RootFilesystem {
	/** The mounted root. */
	readonly path: string;
	readonly lower: readonly string[];
	readonly upper: string;
	readonly work: string;
}

/** A root filesystem that stays mounted until this is disposed of. */
export interface RootLease extends AsyncDisposable {
	readonly filesystem: RootFilesystem;
}

/** Writable layers of containers. The engine's port for containers has the same shape. */
export interface ContainerSnapshots {
	/** Makes the writable layer of a container over an image's layers. Not mounted yet. @throws `not_found` (parent), `conflict`. */
	create(containerId: string, parent: Digest | null): Promise<void>;
	/**
	 * Mounts it; already mounted is fine. `volatile`: the container goes with its run, nothing of it need outlive a loss of power. @throws `not_found`.
	 */
	mount(containerId: string, options: { readonly volatile: boolean }): Promise<RootFilesystem>;
	/** The run wants it no more: unmounts it, lazily where it is busy, unless it is leased; not mounted is fine. */
	unmount(containerId: string): Promise<void>;
	/** Keeps it mounted, running or not, until it is given back. @throws `not_found`. */
	lease(containerId: string): Promise<RootLease>;
	/** Unmounts and deletes the writable layer. The name is free at once; the deletion goes on in the background and is durable. */
	remove(containerId: string): Promise<void>;
	/** Where its directories are, mounted or not; null when it does not exist. */
	describe(containerId: string): RootFilesystem | null;
	/** Bytes of the files in its own layer, and of the layers below (as recorded). */
	usage(containerId: string): Promise<{ own: number; parents: number }>;
	/** At boot: removes snapshots of containers that are no more, finishes deletions, unmounts what should not be mounted. */
	reconcile(known: ReadonlySet<string>, running: ReadonlySet<string>): Promise<void>;
}

export interface SnapshotStoreOptions {
	/** Made when missing; becomes a private mount while the store is open. */
	readonly root: string;
	readonly layerRecords: Collection<LayerRecord>;
	readonly snapshotRecords: Collection<SnapshotRecord>;
	/** How to start this executable in the role `unpack-layer`, e.g. `[process.execPath, 'unpack-layer']`. */
	readonly unpackCommand: readonly string[];
	/** Blobs in files that are unpacked at once; default: the number of processors. Streams come as they are opened. */
	readonly concurrency?: number;
	readonly limits?: Partial<UnpackLimits>;
	/** Bytes below a folder; default: walked in this process. */
	readonly measure?: (folder: string) => Promise<number>;
	/** Told of failures of background work (deletions, write-back), which is tried again at the next start. */
	readonly onError: (error: unknown) => void;
}

/** Layers and the containers' snapshots on them. */
export interface SnapshotStore {
	readonly layers: Layers;
	readonly snapshots: ContainerSnapshots;
	/** Waits for unpacking to be cancelled and for deletions; gives the private mount up when nothing is mounted on it. */
	close(): Promise<void>;
}
