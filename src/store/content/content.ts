import type { Digest } from '../../oci/digest.ts';

/** A blob as stored. `size` in bytes. */
export interface StoredBlob {
	readonly digest: Digest;
	readonly size: number;
}

export interface IngestOptions {
	/** What the bytes must be. Another digest or size fails the ingest with `corrupt`. */
	readonly expected?: { readonly digest: Digest; readonly size?: number };
	/** Bytes; more than that fails the ingest with `corrupt`. */
	readonly maxSize?: number;
	readonly signal?: AbortSignal;
	/** False: a crash of the host may cost the blob or damage it, until `persist`. For what is deleted soon anyway. Default true. */
	readonly durable?: boolean;
}

/** Blobs by digest, in the layout of OCI (`blobs/sha256/<hex>`). A blob is there wholly or not at all. */
export interface ContentStore {
	/**
	 * Streams bytes into a blob, hashing on the way; durable when it returns (unless told otherwise). A blob that is there already is kept.
	 * @throws `corrupt` (digest or size not as expected, too long), `cancelled`, or what the stream throws; nothing is kept then.
	 */
	ingest(stream: AsyncIterable<Uint8Array>, options?: IngestOptions): Promise<StoredBlob>;
	/** Makes a blob durable that was ingested without. @throws `not_found`. */
	persist(digest: Digest): Promise<void>;
	has(digest: Digest): Promise<boolean>;
	/** Where the blob is, or would be. */
	path(digest: Digest): string;
	/** The bytes as stored, not verified again. @throws `not_found`. */
	read(digest: Digest): AsyncIterable<Uint8Array>;
	/** A small blob (manifest, config) whole, its hash verified. @throws `not_found`, `corrupt` (also when over `maxBytes`). */
	readBytes(digest: Digest, maxBytes: number): Promise<Uint8Array>;
	/** True when there was something to remove. */
	remove(digest: Digest): Promise<boolean>;
	list(): Promise<StoredBlob[]>;
}
