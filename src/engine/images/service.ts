import type { Caller } from '../../events/types.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageConfigDocument, Platform } from '../../oci/types.ts';
import type { Filters } from '../filters.ts';

/** An image as it is recorded: one platform's config with its layers, known by names. */
export interface Image {
	/** Digest of the config document (Docker's image id). */
	readonly id: Digest;
	/** Topmost chain id; null when it has no layers. */
	readonly chainId: Digest | null;
	readonly config: ImageConfigDocument;
	/** Manifest it came with, byte for byte in the content store; null for one that was loaded or imported. */
	readonly manifestDigest: Digest | null;
	/** Familiar names with tag, e.g. `alpine:3.20`, `127.0.0.1:5000/web:1`. */
	readonly tags: readonly string[];
	/** Familiar names with digest. */
	readonly repoDigests: readonly string[];
	/** RFC 3339; when the config says it was made. */
	readonly createdAt: string;
	/** RFC 3339; when it was last tagged here; null when never. */
	readonly lastTaggedAt: string | null;
	/** Bytes, unpacked, all layers. */
	readonly size: number;
	/** Chain ids from the lowest layer up. */
	readonly layers: readonly Digest[];
	/** The image here that it was committed on; null for one that came whole, or whose parent is gone. */
	readonly parentId: Digest | null;
}

/** Credentials for a registry, as `X-Registry-Auth` carries them. */
export interface RegistryAuth {
	readonly username?: string;
	readonly password?: string;
	readonly identityToken?: string;
	readonly registryToken?: string;
	readonly serverAddress?: string;
}

/**
 * Asks a registry whether it takes credentials. `identityToken` stands for the password from then on; `''`: there is none.
 * @throws EngineError `unauthorized`, `unavailable`, `invalid_argument` (address), `cancelled`.
 */
export type RegistryLogin = (auth: RegistryAuth, signal: AbortSignal) => Promise<{ readonly identityToken: string }>;

/**
 * Progress of a pull, load or import, as data; the Docker door prints it as jsonmessage.
 * `id`: short layer id or tag; `current`/`total` in bytes.
 */
export interface Progress {
	/** `status`: a line of its own; `layer`: about the layer `id`; `stream`: text as it is (load's `Loaded image: …\n`). */
	readonly kind: 'status' | 'layer' | 'stream';
	readonly id?: string;
	/** Docker's words: `Pulling fs layer`, `Downloading`, `Verifying Checksum`, `Download complete`, `Extracting`, `Pull complete`, `Already exists` … */
	readonly text: string;
	readonly current?: number;
	readonly total?: number;
}

/** Getting images in. Each yields progress, ends when the image is recorded, and throws the error that ended it. */
export interface ImageSources {
	/** `tag`: a tag or digest; `''` with a bare name: `latest`. Leaving the loop early, or the signal, cancels the pull. */
	pull(
		options: {
			readonly image: string;
			readonly tag: string;
			readonly platform: Platform | null;
			readonly auth: RegistryAuth | null;
		},
		context: { readonly caller: Caller; readonly signal: AbortSignal },
	): AsyncIterable<Progress>;
	/** A docker-archive or OCI layout tar, plain, gzip or zstd. */
	load(
		tar: AsyncIterable<Uint8Array>,
		options: { readonly quiet: boolean },
		context: { readonly caller: Caller; readonly signal: AbortSignal },
	): AsyncIterable<Progress>;
	/** A root filesystem tar as one layer. `changes`: Dockerfile instructions (CMD, ENTRYPOINT, ENV, EXPOSE, USER, WORKDIR, VOLUME, LABEL, ONBUILD …). */
	import(
		tar: AsyncIterable<Uint8Array>,
		options: {
			readonly repository: string;
			readonly tag: string;
			readonly message: string;
			readonly changes: readonly string[];
			readonly platform: Platform | null;
		},
		context: { readonly caller: Caller; readonly signal: AbortSignal },
	): AsyncIterable<Progress>;
}

/** What pruning took away. */
export interface PrunedImages {
	readonly removals: readonly Removal[];
	/** Bytes of the layers that are gone. */
	readonly reclaimed: number;
}

/** One line of what `rmi` did. */
export type Removal = { readonly untagged: string } | { readonly deleted: Digest };

/** The images that are here. `ref`: a reference, an id or a unique id prefix; unknown: `not_found` (`No such image: REF`). */
export interface ImageStore {
	get(ref: string): Promise<Image>;
	/** Newest first. @throws `invalid_argument` for an unknown filter. */
	list(options: { readonly all: boolean; readonly filters: Filters }): Promise<readonly Image[]>;
	/** @throws `invalid_argument` for a name that cannot be a tag. */
	tag(ref: string, repository: string, tag: string, caller: Caller): Promise<void>;
	/** @throws `conflict` while containers use it, with docker's sentences. */
	remove(
		ref: string,
		options: { readonly force: boolean; readonly noPrune: boolean },
		caller: Caller,
	): Promise<readonly Removal[]>;
	history(ref: string): Promise<readonly HistoryLine[]>;
	/** Bytes of an image's layers that other images have as well, by image id. */
	sharedSizes(): ReadonlyMap<Digest, number>;
	/** Number of images and bytes of all layers. */
	summary(): { readonly count: number; readonly layersSize: number };
}

/** One line of `history`, newest first. */
export interface HistoryLine {
	/** Id of the image, or of its parent here whose last line it is; null for `<missing>`. */
	readonly id: Digest | null;
	readonly createdAt: string;
	readonly createdBy: string;
	readonly comment: string;
	readonly tags: readonly string[];
	readonly size: number;
}

/** What images need of containers: who uses an image. */
export interface ImageUsers {
	/** Containers made from it. */
	usersOf(imageId: Digest): readonly { readonly id: string; readonly running: boolean }[];
}
