import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, wrap } from '../../errors.ts';
import { chainIdOf } from '../../oci/chain-id.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Collection } from '../records/records.ts';
import { createSharedJobs } from './shared-jobs.ts';
import { createSlots } from './slots.ts';
import type { Trash } from './trash.ts';
import type { LayerRecord, Layers, UnpackedLayer, UnpackLimits, UnpackProgress, UnpackRequest } from './types.ts';
import { unpackFile, unpackStream } from './unpack/run.ts';
import { createWriteBack } from './write-back.ts';

const temporaryPrefix = 'tmp-';

/** The layer store with what the containers' snapshots need of it. */
export interface LayerStore {
	readonly layers: Layers;
	/** Deletes a released layer on which nothing stands any more, and then those below. */
	collect(chainId: Digest | null): void;
	close(): Promise<void>;
}

export interface LayerStoreOptions {
	readonly folder: string;
	readonly records: Collection<LayerRecord>;
	readonly trash: Trash;
	readonly unpackCommand: readonly string[];
	readonly concurrency: number;
	readonly limits: UnpackLimits;
	/** True while a container's snapshot stands on the layer. */
	readonly inUse: (chainId: Digest) => boolean;
	readonly onError: (error: unknown) => void;
}

/** Opens the layers in `folder`; what an interrupted unpacking or removal left is discarded. */
export function openLayerStore(options: LayerStoreOptions): LayerStore {
	const { folder, records, trash } = options;
	mkdirSync(folder, { recursive: true, mode: 0o755 });
	const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
	const newDirectoryName = recover(options, bootId);
	const writeBack = createWriteBack(options);
	writeBack.schedule();
	const slots = createSlots(options.concurrency);
	const jobs = createSharedJobs<UnpackedLayer, UnpackProgress>();

	const need = (chainId: Digest): LayerRecord => {
		const record = records.get(chainId);
		if (record === undefined) throw new EngineError('not_found', `layer ${chainId} does not exist`);
		return record;
	};

	/** The layer if it is there; a released one is wanted again. */
	const revive = (chainId: Digest): UnpackedLayer | undefined => {
		const record = records.get(chainId);
		if (record === undefined) return undefined;
		if (record.released) records.put(chainId, { ...record, released: false });
		return { chainId, diffId: record.diffId, size: record.size };
	};

	const commit = (temporary: string, dir: string, layer: UnpackedLayer, parent: Digest | null): UnpackedLayer => {
		const existing = revive(layer.chainId);
		if (existing !== undefined) {
			trash.take(temporary);
			return existing;
		}
		renameSync(temporary, join(folder, dir));
		records.put(layer.chainId, { ...layer, parent, dir, released: false, unsyncedSince: bootId });
		writeBack.schedule();
		return layer;
	};

	const unpack = async (
		request: UnpackRequest,
		signal: AbortSignal,
		onProgress: (progress: UnpackProgress) => void,
	): Promise<UnpackedLayer> => {
		const { blob, parent, diffId } = request;
		const dir = newDirectoryName();
		const temporary = join(folder, temporaryPrefix + dir);
		const order = { target: temporary, diffId, limits: options.limits };
		const run = { command: options.unpackCommand, signal, onProgress };
		try {
			mkdirSync(temporary, { mode: 0o755 });
			const result =
				typeof blob === 'string'
					? await slots(signal, () => unpackFile(order, blob, run))
					: await unpackStream(order, blob, run);
			await waitForParent(request, signal);
			return commit(temporary, dir, { chainId: chainIdOf(parent, result.diffId), ...result }, parent);
		} catch (error) {
			trash.take(temporary);
			throw wrap(error, 'unpack layer', diffId ?? undefined);
		}
	};

	const chain = (chainId: Digest): LayerRecord[] => {
		const found: LayerRecord[] = [];
		for (let next: Digest | null = chainId; next !== null; ) {
			const record: LayerRecord = need(next);
			found.push(record);
			next = record.parent;
		}
		return found;
	};

	const collect = (chainId: Digest | null): void => {
		const record = chainId === null ? undefined : records.get(chainId);
		if (record === undefined || !record.released || options.inUse(record.chainId)) return;
		if (records.list().some((other) => other.parent === record.chainId)) return;
		records.delete(record.chainId);
		trash.take(join(folder, record.dir));
		collect(record.parent);
	};

	/** Layers unpack side by side, and are recorded from the lowest up. */
	const waitForParent = async ({ parent, parentReady }: UnpackRequest, signal: AbortSignal): Promise<void> => {
		if (parent === null) return;
		await untilAborted(Promise.resolve(parentReady?.(signal) ?? jobs.pending(parent)), signal);
		need(parent);
	};

	let anonymous = 0;
	return {
		layers: {
			has: (chainId) => records.get(chainId)?.released === false,
			async unpack(request) {
				const { parent, diffId, parentReady } = request;
				if (parent !== null && parentReady === undefined && jobs.pending(parent) === undefined) need(parent);
				const existing = diffId === null ? undefined : revive(chainIdOf(parent, diffId));
				if (existing !== undefined) return existing;
				const key = diffId === null ? `import ${++anonymous}` : chainIdOf(parent, diffId);
				return jobs.run(key, (signal, onProgress) => unpack(request, signal, onProgress), {
					signal: request.signal,
					onProgress: request.onProgress,
				});
			},
			async remove(chainId) {
				const record = records.get(chainId);
				if (record === undefined) return;
				if (!record.released) records.put(chainId, { ...record, released: true });
				collect(chainId);
			},
			size: (chainId) => need(chainId).size,
			list: () => records.list(),
			paths: (chainId) => chain(chainId).map((record) => join(folder, record.dir)),
		},
		collect,
		async close() {
			await jobs.close();
			await writeBack.close();
		},
	};
}

/** The result, or the signal's reason if that comes first. */
async function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
	const { promise, reject } = Promise.withResolvers<never>();
	const onAbort = (): void => reject(signal.reason);
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		if (signal.aborted) onAbort();
		return await Promise.race([result, promise]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/** Makes directories and records agree, drops what a crash of the host may have torn; returns the source of unused short names. */
function recover({ folder, records, trash }: LayerStoreOptions, bootId: string): () => string {
	const present = new Set(readdirSync(folder));
	const recorded = new Set<string>();
	for (const { chainId, dir, unsyncedSince } of records.list()) {
		if (present.has(dir) && (unsyncedSince ?? bootId) === bootId) recorded.add(dir);
		else records.delete(chainId);
	}
	let last = 0;
	for (const name of present) {
		if (!recorded.has(name)) trash.take(join(folder, name));
		else last = Math.max(last, Number.parseInt(name, 36));
	}
	return () => (++last).toString(36);
}
