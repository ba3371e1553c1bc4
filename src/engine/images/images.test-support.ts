import { createHash } from 'node:crypto';
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { EngineError } from '../../errors.ts';
import { createEventBus } from '../../events/bus.ts';
import type { Event, NewEvent } from '../../events/types.ts';
import { chainIdOf } from '../../oci/chain-id.ts';
import { type Digest, digestHex, sha256Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content.ts';
import { openJournal } from '../../store/records/journal.ts';
import { openRecords } from '../../store/records/records.ts';
import type { LayerRecord, Layers } from '../../store/snapshots/types.ts';
import { createImages, type Images } from './images.ts';
import { defaultRegistryConfig, type RegistryConfig } from './registry/config.ts';
import type { Progress } from './service.ts';

/** The images service over simple stores in a temp directory, for tests. */
export interface TestImages {
	readonly images: Images;
	readonly content: ContentStore;
	readonly layers: Layers;
	/** `type/action id name`, in order. */
	readonly events: string[];
	/** Containers that use images; tests change it. */
	readonly users: Map<Digest, { id: string; running: boolean }[]>;
	/** Digests of blobs and chain ids of layers that are there. */
	stored(): Promise<{ blobs: readonly string[]; layers: readonly string[] }>;
	close(): void;
}

/** Short enough that a test of retries takes no time. */
export const impatient: RegistryConfig = {
	...defaultRegistryConfig,
	patience: { headersMs: 2000, idleMs: 2000, attempts: 4, backoffMs: 5, maxRetryAfterMs: 1500 },
};

/** Makes a service with nothing in it. */
export function startTestImages(registry: RegistryConfig = impatient): TestImages {
	const directory = mkdtempSync(join(tmpdir(), 'gantry-images-'));
	const records = openRecords(join(directory, 'records.db'));
	const journal = openJournal<NewEvent>(records, 1000, () => BigInt(Date.now()) * 1_000_000n);
	const events: string[] = [];
	const bus = createEventBus(
		{ ...journal, append: (event) => journal.append(event) as Event, read: (range) => journal.read(range) as Event[] },
		(error) => {
			throw error;
		},
	);
	bus.subscribe(({ type, action, id, attributes }) => events.push(`${type}/${action} ${id} ${attributes.name}`));
	const content = diskContent(directory);
	const layers = countingLayers();
	const users = new Map<Digest, { id: string; running: boolean }[]>();
	const images = createImages({
		records,
		content,
		layers,
		events: bus,
		users: { usersOf: (id) => users.get(id) ?? [] },
		registry,
		now: () => new Date().toISOString(),
	});
	return {
		images,
		content,
		layers,
		events,
		users,
		async stored() {
			const blobs = (await content.list()).map(({ digest }) => digest).sort();
			return { blobs, layers: layers.list().map(({ chainId }) => chainId) };
		},
		close() {
			records.close();
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

/** All progress of a pull, load or import, as `id: text` or `text`. */
export async function collect(progress: AsyncIterable<Progress>): Promise<string[]> {
	const lines: string[] = [];
	for await (const { id, text } of progress) lines.push(id === undefined ? text : `${id}: ${text}`);
	return lines;
}

function diskContent(directory: string): ContentStore {
	const path = (digest: Digest) => join(directory, `blob-${digestHex(digest)}`);
	const read = (digest: Digest): Buffer => {
		if (!existsSync(path(digest))) throw new EngineError('not_found', `no blob ${digest}`);
		return readFileSync(path(digest));
	};
	return {
		async ingest(stream, { expected, maxSize = Number.POSITIVE_INFINITY, signal } = {}) {
			const chunks: Uint8Array[] = [];
			let size = 0;
			for await (const chunk of stream) {
				if (signal?.aborted) throw new EngineError('cancelled', 'context canceled');
				size += chunk.length;
				if (size > maxSize) throw new EngineError('corrupt', 'blob is too large');
				// A stream may use its buffer again.
				chunks.push(Uint8Array.from(chunk));
			}
			const bytes = Buffer.concat(chunks);
			const digest = sha256Digest(createHash('sha256').update(bytes).digest('hex'));
			if (expected !== undefined && digest !== expected.digest) {
				throw new EngineError('corrupt', `digest mismatch: expected ${expected.digest}, got ${digest}`);
			}
			writeFileSync(`${path(digest)}.part`, bytes);
			renameSync(`${path(digest)}.part`, path(digest));
			return { digest, size };
		},
		async persist(digest) {
			read(digest);
		},
		has: async (digest) => existsSync(path(digest)),
		path,
		async *read(digest) {
			yield read(digest);
		},
		async readBytes(digest, maxBytes) {
			const bytes = read(digest);
			if (bytes.length > maxBytes) throw new EngineError('corrupt', 'blob is too large');
			return bytes;
		},
		async remove(digest) {
			const there = existsSync(path(digest));
			rmSync(path(digest), { force: true });
			return there;
		},
		async list() {
			const names = readdirSync(directory).filter((name) => /^blob-[0-9a-f]{64}$/.test(name));
			return names.map((name) => ({ digest: sha256Digest(name.slice(5)), size: statSync(join(directory, name)).size }));
		},
	};
}

/** Layers that are hashed as a real store would, and not unpacked. */
function countingLayers(): Layers {
	const records = new Map<Digest, LayerRecord>();
	const of = (chainId: Digest): LayerRecord => {
		const record = records.get(chainId);
		if (record === undefined) throw new EngineError('not_found', `no layer ${chainId}`);
		return record;
	};
	return {
		has: (chainId) => records.has(chainId),
		async unpack({ blob: source, parent, diffId, onProgress, parentReady, signal = new AbortController().signal }) {
			const pieces: Uint8Array[] = [];
			if (typeof source === 'string') pieces.push(readFileSync(source));
			else for await (const piece of source.open(signal)) pieces.push(piece);
			const blob = Buffer.concat(pieces);
			const tar = blob[0] === 0x1f ? gunzipSync(blob) : blob;
			const found = sha256Digest(createHash('sha256').update(tar).digest('hex'));
			if (diffId !== null && found !== diffId) {
				throw new EngineError('corrupt', `layer: expected diff id ${diffId}, got ${found}`);
			}
			onProgress?.({ current: blob.length, total: blob.length });
			await parentReady?.(signal);
			const chainId = chainIdOf(parent, found);
			records.set(chainId, { chainId, parent, diffId: found, size: tar.length, dir: 'x', released: false });
			return { chainId, diffId: found, size: tar.length };
		},
		async remove(chainId) {
			records.delete(chainId);
		},
		size: (chainId) => of(chainId).size,
		list: () => [...records.values()],
		paths: (chainId) => [of(chainId).dir],
	};
}
