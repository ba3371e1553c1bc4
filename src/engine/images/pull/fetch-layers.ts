import { EngineError, wrap } from '../../../errors.ts';
import { chainIdsOf } from '../../../oci/chain-id.ts';
import { type Digest, digestHex } from '../../../oci/digest.ts';
import type { Descriptor } from '../../../oci/types.ts';
import type { ContentStore } from '../../../store/content/content.ts';
import type { Layers, UnpackedLayer, UnpackProgress } from '../../../store/snapshots/types.ts';
import type { KeepScope } from '../keeper.ts';
import { type Report, throttled } from '../progress.ts';
import { allOrAbort, type Semaphore, type SharedWork } from '../shared-work.ts';

/** What fetching layers needs. */
export interface FetchDeps {
	readonly content: ContentStore;
	readonly layers: Layers;
	readonly downloads: SharedWork<void, number>;
	readonly unpacks: SharedWork<UnpackedLayer, UnpackProgress>;
	readonly downloadSlots: Semaphore;
}

/** The layers of one image, and where their blobs come from. */
export interface LayerPlan {
	readonly descriptors: readonly Descriptor[];
	readonly diffIds: readonly Digest[];
	readonly open: (descriptor: Descriptor, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** A layer that is here now. */
export interface FetchedLayer {
	readonly chainId: Digest;
	/** Bytes, unpacked. */
	readonly size: number;
}

/**
 * Brings all layers in: downloads a few at once, unpacks each as soon as its blob is whole and the layer below is there. All are kept by `scope`.
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
		const layer = { descriptor, chainId, diffId, parent: chainIds[position - 1] ?? null, below: tasks[position - 1] };
		tasks.push(fetchLayer(deps, layer, plan, scope, report, together));
	}
	return allOrAbort(controller, tasks);
}

/** A layer to fetch. `below`: settles when the layer below is here. */
interface WantedLayer {
	readonly descriptor: Descriptor;
	readonly chainId: Digest;
	readonly diffId: Digest;
	readonly parent: Digest | null;
	readonly below: Promise<unknown> | undefined;
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
	const count = (text: string, current: number, total: number) => report({ kind: 'layer', id, text, current, total });
	await scope.layer(chainId);
	if (deps.layers.has(chainId)) {
		say('Already exists');
		return { chainId, size: deps.layers.size(chainId) };
	}
	say('Pulling fs layer');
	await scope.blob(descriptor.digest);
	await download(deps, descriptor, plan.open, say, count, signal);
	say('Download complete');
	// Waited for outside the shared work: another pull that joins it must not depend on this one's going on.
	if (layer.parent !== null && !deps.layers.has(layer.parent)) await layer.below;
	const unpacked = await deps.unpacks.join(chainId, (abort, tell) => unpack(deps, layer, abort, tell), {
		signal,
		onProgress: ({ current, total }) => count('Extracting', current, total),
	});
	say('Pull complete');
	await scope.dropBlob(descriptor.digest);
	return { chainId, size: unpacked.size };
}

async function unpack(
	deps: FetchDeps,
	{ descriptor, parent, diffId }: WantedLayer,
	signal: AbortSignal,
	onProgress: (progress: UnpackProgress) => void,
): Promise<UnpackedLayer> {
	try {
		return await deps.layers.unpack({
			blobPath: deps.content.path(descriptor.digest),
			parent,
			diffId,
			signal,
			onProgress,
		});
	} catch (error) {
		if (signal.aborted) throw new EngineError('cancelled', 'context canceled', { cause: error });
		throw wrap(error, 'failed to register layer');
	}
}

async function download(
	deps: FetchDeps,
	descriptor: Descriptor,
	open: LayerPlan['open'],
	say: (text: string) => void,
	count: (text: string, current: number, total: number) => void,
	signal: AbortSignal,
): Promise<void> {
	const { digest, size } = descriptor;
	const tell = throttled((current) => count('Downloading', current, size));
	await deps.downloads.join(
		digest,
		async (abort, progress) => {
			await deps.downloadSlots.run(
				async () => {
					if (await deps.content.has(digest)) return;
					const stream = counted(open(descriptor, abort), progress);
					await deps.content.ingest(stream, { expected: { digest, size }, signal: abort });
				},
				{ signal: abort, onWait: () => say('Waiting') },
			);
		},
		{
			signal,
			onProgress(current) {
				if (current === size) say('Verifying Checksum');
				else tell(current);
			},
		},
	);
}

async function* counted(
	stream: AsyncIterable<Uint8Array>,
	progress: (current: number) => void,
): AsyncIterable<Uint8Array> {
	let current = 0;
	for await (const chunk of stream) {
		yield chunk;
		current += chunk.length;
		progress(current);
	}
}
