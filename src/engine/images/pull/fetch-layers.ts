import { createHash } from 'node:crypto';
import { EngineError, wrap } from '../../../errors.ts';
import { chainIdsOf } from '../../../oci/chain-id.ts';
import { type Digest, digestAlgorithm, digestHex } from '../../../oci/digest.ts';
import type { Descriptor } from '../../../oci/types.ts';
import type { ContentStore } from '../../../store/content/content.ts';
import type { BlobStream, Layers, UnpackedLayer } from '../../../store/snapshots/types.ts';
import type { KeepScope } from '../keeper.ts';
import { type Report, throttled } from '../progress.ts';
import { type Arrivals, allOrAbort, type Semaphore, type SharedWork } from '../shared-work.ts';

/** What a layer that comes in says of itself, as Docker words it. Bytes of the blob. */
export interface LayerProgress {
	readonly text: 'Waiting' | 'Downloading' | 'Verifying Checksum' | 'Download complete' | 'Extracting';
	readonly current?: number;
	readonly total?: number;
}

/** What fetching layers needs. */
export interface FetchDeps {
	readonly content: ContentStore;
	readonly layers: Layers;
	readonly unpacks: SharedWork<UnpackedLayer, LayerProgress>;
	/** Of layers, by chain id. */
	readonly arrivals: Arrivals;
	readonly downloadSlots: Semaphore;
}

/** The layers of one image, and where their blobs come from. */
export interface LayerPlan {
	readonly descriptors: readonly Descriptor[];
	readonly diffIds: readonly Digest[];
	/** The bytes of a blob, not verified; null: the blobs are in the content store, and kept. */
	readonly open: ((descriptor: Descriptor, signal: AbortSignal) => AsyncIterable<Uint8Array>) | null;
}

/** A layer that is here now. */
export interface FetchedLayer {
	readonly chainId: Digest;
	/** Bytes, unpacked. */
	readonly size: number;
}

/**
 * Brings all layers in: downloads a few at once and unpacks each while it comes; a layer is there when it is whole and
 * the one below is. All are kept by `scope`.
 * @throws EngineError `corrupt` when config and manifest disagree or bytes do not match; what the download throws.
 */
export async function fetchLayers(
	deps: FetchDeps,
	plan: LayerPlan,
	scope: KeepScope,
	report: Report,
	signal: AbortSignal,
): Promise<FetchedLayer[]> {
	const { descriptors, diffIds } = plan;
	if (descriptors.length !== diffIds.length) {
		throw new EngineError(
			'corrupt',
			`the image's config names ${diffIds.length} layers, its manifest ${descriptors.length}`,
		);
	}
	const chainIds = chainIdsOf(diffIds);
	const controller = new AbortController();
	const together = AbortSignal.any([signal, controller.signal]);
	const tasks: Promise<FetchedLayer>[] = [];
	for (const [position, descriptor] of descriptors.entries()) {
		const chainId = chainIds[position];
		const diffId = diffIds[position];
		if (chainId === undefined || diffId === undefined) throw new EngineError('internal', 'layer without chain id');
		const layer = { descriptor, chainId, diffId, parent: chainIds[position - 1] ?? null };
		tasks.push(fetchLayer(deps, layer, plan, scope, report, together));
	}
	return allOrAbort(controller, tasks);
}

/** A layer to fetch. */
interface WantedLayer {
	readonly descriptor: Descriptor;
	readonly chainId: Digest;
	readonly diffId: Digest;
	readonly parent: Digest | null;
}

async function fetchLayer(
	deps: FetchDeps,
	layer: WantedLayer,
	plan: LayerPlan,
	scope: KeepScope,
	report: Report,
	signal: AbortSignal,
): Promise<FetchedLayer> {
	const { descriptor, chainId } = layer;
	const id = digestHex(descriptor.digest).slice(0, 12);
	const say = (text: string) => report({ kind: 'layer', id, text });
	await scope.layer(chainId);
	if (deps.layers.has(chainId)) {
		deps.arrivals.tell(chainId);
		say('Already exists');
		return { chainId, size: deps.layers.size(chainId) };
	}
	say('Pulling fs layer');
	const { size } = await deps.unpacks.join(chainId, (abort, tell) => unpack(deps, layer, plan.open, abort, tell), {
		signal,
		onProgress: (progress) => report({ kind: 'layer', id, ...progress }),
	});
	deps.arrivals.tell(chainId);
	say('Pull complete');
	return { chainId, size };
}

async function unpack(
	deps: FetchDeps,
	{ descriptor, parent, diffId }: WantedLayer,
	open: LayerPlan['open'],
	signal: AbortSignal,
	tell: (progress: LayerProgress) => void,
): Promise<UnpackedLayer> {
	let failure: { readonly error: unknown } | undefined;
	const onError = (error: unknown): void => {
		failure = { error };
	};
	let here = open === null;
	const blob =
		open === null
			? deps.content.path(descriptor.digest)
			: download(deps, descriptor, open, tell, { onError, onEnd: () => (here = true) });
	try {
		return await deps.layers.unpack({
			blob,
			parent,
			parentReady: (abort) => layerReady(deps, parent, abort),
			diffId,
			signal,
			onProgress: ({ current, total }) => here && tell({ text: 'Extracting', current, total }),
		});
	} catch (error) {
		if (signal.aborted) throw new EngineError('cancelled', 'context canceled', { cause: error });
		if (failure !== undefined) throw failure.error;
		throw wrap(error, 'failed to register layer');
	}
}

/**
 * Waits for the layer itself and not for the task that fetches it: another pull that joined this work depends on
 * neither. Each has a task of its own for the layer, and leaves when that fails.
 */
async function layerReady({ layers, arrivals }: FetchDeps, chainId: Digest | null, signal: AbortSignal): Promise<void> {
	while (chainId !== null && !layers.has(chainId)) await arrivals.of(chainId, signal);
}

/** A blob as it is downloaded: in its turn, its size and digest verified. */
function download(
	{ downloadSlots }: FetchDeps,
	descriptor: Descriptor,
	open: NonNullable<LayerPlan['open']>,
	tell: (progress: LayerProgress) => void,
	told: { readonly onError: (error: unknown) => void; readonly onEnd: () => void },
): BlobStream {
	const { digest, size } = descriptor;
	const count = throttled((current) => tell({ text: 'Downloading', current, total: size }));
	return {
		size,
		async *open(signal) {
			const leave = await downloadSlots.enter({ signal, onWait: () => tell({ text: 'Waiting' }) });
			try {
				const hash = createHash(digestAlgorithm(digest));
				let current = 0;
				for await (const chunk of open(descriptor, signal)) {
					hash.update(chunk);
					yield chunk;
					current += chunk.length;
					count(current);
				}
				tell({ text: 'Verifying Checksum' });
				verify(digest, hash.digest('hex'));
				tell({ text: 'Download complete' });
				told.onEnd();
				tell({ text: 'Extracting', current: size, total: size });
			} catch (error) {
				told.onError(error);
				throw error;
			} finally {
				leave();
			}
		},
	};
}

function verify(expected: Digest, hex: string): void {
	if (hex === digestHex(expected)) return;
	const got = `${digestAlgorithm(expected)}:${hex}`;
	throw new EngineError('corrupt', `filesystem layer verification failed for digest ${expected}: it has ${got}`);
}
