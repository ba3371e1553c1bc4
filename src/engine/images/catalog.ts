import type { Digest } from '../../oci/digest.ts';
import { familiarString, parseReference, type Reference } from '../../oci/reference.ts';
import type { ImageConfigDocument } from '../../oci/types.ts';
import type { Records } from '../../store/records/records.ts';
import type { Image } from './service.ts';

/** An image as stored under its id. */
export interface ImageRecord {
	readonly id: Digest;
	readonly config: ImageConfigDocument;
	readonly manifestDigest: Digest | null;
	/** Blobs in the content store that belong to it: config, manifest, index. */
	readonly blobs: readonly Digest[];
	/** Lowest first. */
	readonly chainIds: readonly Digest[];
	/** Bytes of each layer, unpacked. */
	readonly layerSizes: readonly number[];
	/** RFC 3339. */
	readonly createdAt: string;
	readonly lastTaggedAt: string | null;
	/** The image here that it was committed on; none for one that came whole. */
	readonly parentId?: Digest;
}

/** A name, stored under itself: `docker.io/library/alpine:3.20` or `…@sha256:…`. */
export interface NameRecord {
	readonly name: string;
	readonly imageId: Digest;
}

/** The recorded images and their names. Every method is synchronous and joins a surrounding transaction. */
export interface Catalog {
	get(id: string): ImageRecord | undefined;
	/** Ids that begin so (`sha256:ab…`), at most `limit`. */
	idsFrom(prefix: string, limit: number): readonly Digest[];
	list(): ImageRecord[];
	put(record: ImageRecord): void;
	/** Its names must be gone already. What was made of it has no parent then. */
	delete(id: Digest): void;
	readonly names: ImageNames;
	transaction<R>(body: () => R): R;
}

/** Names of images, normalised (`docker.io/library/alpine:3.20`). */
export interface ImageNames {
	get(name: string): Digest | undefined;
	of(id: Digest): readonly string[];
	list(): NameRecord[];
	set(name: string, id: Digest): void;
	delete(name: string): void;
}

/** Opens the collections. */
export function openCatalog(records: Records): Catalog {
	const images = records.collection<ImageRecord>('images');
	const names = records.collection<NameRecord>('image_names');
	const prefixQuery = records.database.query<{ id: string }, [string, string, number]>(
		'SELECT id FROM images WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
	);
	return {
		get: (id) => images.get(id),
		idsFrom: (prefix, limit) => prefixQuery.all(prefix, `${prefix}g`, limit).map((row) => row.id as Digest),
		list: () => images.list(),
		put: (record) => images.put(record.id, record),
		delete: (id) => {
			records.transaction(() => {
				for (const { parentId, ...child } of images.list()) if (parentId === id) images.put(child.id, child);
				images.delete(id);
			});
		},
		names: {
			get: (name) => names.get(name)?.imageId,
			of: (id) =>
				names
					.list()
					.filter(({ imageId }) => imageId === id)
					.map(({ name }) => name),
			list: () => names.list(),
			set: (name, imageId) => names.put(name, { name, imageId }),
			delete: (name) => {
				names.delete(name);
			},
		},
		transaction: (body) => records.transaction(body),
	};
}

/** The image as the service shows it. `names`: normalised. */
export function imageOf(record: ImageRecord, names: readonly string[]): Image {
	const references = names.map(parseReference);
	const familiar = (wanted: (reference: Reference) => boolean) => references.filter(wanted).map(familiarString).sort();
	return {
		id: record.id,
		chainId: record.chainIds.at(-1) ?? null,
		config: record.config,
		manifestDigest: record.manifestDigest,
		tags: familiar(({ digest }) => digest === undefined),
		repoDigests: familiar(({ digest }) => digest !== undefined),
		createdAt: record.createdAt,
		lastTaggedAt: record.lastTaggedAt,
		size: record.layerSizes.reduce((total, size) => total + size, 0),
		layers: record.chainIds,
		parentId: record.parentId ?? null,
	};
}
