import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError, wrap } from '../../errors.ts';
import { type Digest, digestAlgorithm, digestHex, isDigest, parseDigest } from '../../oci/digest.ts';
import type { ContentStore, StoredBlob } from './content.ts';
import { ingestInto } from './ingest.ts';

const algorithms = ['sha256', 'sha512'];

/** Opens (or makes) the store below `root`; what an interrupted ingest left is removed. */
export async function createContentStore({ root }: { readonly root: string }): Promise<ContentStore> {
	const ingestFolder = join(root, 'ingest');
	await rm(ingestFolder, { recursive: true, force: true });
	await mkdir(ingestFolder, { recursive: true });
	for (const algorithm of algorithms) await mkdir(join(root, 'blobs', algorithm), { recursive: true });
	let ingests = 0;

	const path = (digest: Digest): string => join(root, 'blobs', digestAlgorithm(digest), digestHex(digest));

	const sizeOf = async (digest: Digest): Promise<number | undefined> => {
		try {
			return (await stat(path(digest))).size;
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw wrap(error, 'look up blob', digest);
		}
	};

	/** Opens the blob before the first byte, so that a missing one fails with `not_found`. */
	async function* read(digest: Digest): AsyncIterable<Uint8Array> {
		if ((await sizeOf(digest)) === undefined) throw noSuchBlob(digest);
		yield* createReadStream(path(digest), { highWaterMark: 256 * 1024 });
	}

	return {
		async ingest(stream, options = {}) {
			const temporary = join(ingestFolder, `${process.pid}-${++ingests}`);
			try {
				const blob = await ingestInto(temporary, stream, options);
				const durable = options.durable !== false;
				// One that is there may be durable: it is not given up for one that is not.
				if (!durable && (await sizeOf(blob.digest)) !== undefined) await rm(temporary);
				else await rename(temporary, path(blob.digest));
				if (durable) await sync(dirname(path(blob.digest)));
				return blob;
			} catch (error) {
				await rm(temporary, { force: true });
				throw error;
			}
		},
		async persist(digest) {
			try {
				await sync(path(digest));
				await sync(dirname(path(digest)));
			} catch (error) {
				throw isMissing(error) ? noSuchBlob(digest) : wrap(error, 'persist blob', digest);
			}
		},
		has: async (digest) => (await sizeOf(digest)) !== undefined,
		path,
		read,
		async readBytes(digest, maxBytes) {
			const size = await sizeOf(digest);
			if (size === undefined) throw noSuchBlob(digest);
			if (size > maxBytes)
				throw new EngineError('corrupt', `blob ${digest} has ${size} bytes, at most ${maxBytes} are allowed`);
			const bytes = await Bun.file(path(digest)).bytes();
			const got = createHash(digestAlgorithm(digest)).update(bytes).digest('hex');
			if (got !== digestHex(digest)) throw new EngineError('corrupt', `blob ${digest} is damaged: it hashes to ${got}`);
			return bytes;
		},
		async remove(digest) {
			try {
				await unlink(path(digest));
				return true;
			} catch (error) {
				if (isMissing(error)) return false;
				throw wrap(error, 'remove blob', digest);
			}
		},
		async list() {
			const found: StoredBlob[] = [];
			for (const algorithm of algorithms) {
				for (const hex of await readdir(join(root, 'blobs', algorithm))) {
					const text = `${algorithm}:${hex}`;
					if (!isDigest(text)) continue;
					const digest = parseDigest(text);
					const size = await sizeOf(digest);
					if (size !== undefined) found.push({ digest, size });
				}
			}
			return found;
		},
	};
}

function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function noSuchBlob(digest: Digest): EngineError {
	return new EngineError('not_found', `blob ${digest} does not exist`);
}

/** Writes a file back, or a folder: a rename is durable when the folder is. */
async function sync(path: string): Promise<void> {
	await using handle = await open(path, 'r');
	await handle.sync();
}
