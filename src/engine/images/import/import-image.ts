import type { EventBus } from '../../../events/bus.ts';
import type { Caller } from '../../../events/types.ts';
import { hostPlatform } from '../../../oci/platform.ts';
import type { ImageConfigDocument, Platform } from '../../../oci/types.ts';
import type { ContentStore } from '../../../store/content/content.ts';
import type { Layers, UnpackedLayer } from '../../../store/snapshots/types.ts';
import type { Catalog } from '../catalog.ts';
import type { Keeper } from '../keeper.ts';
import type { Report } from '../progress.ts';
import { parseTarget, tagImage } from '../tag-image.ts';
import { applyChanges } from './changes.ts';

/** What importing needs. */
export interface ImportDeps {
	readonly catalog: Catalog;
	readonly keeper: Keeper;
	readonly content: ContentStore;
	readonly layers: Layers;
	readonly events: EventBus;
	/** RFC 3339, the present. */
	readonly now: () => string;
	/** Bytes of the archive as sent, at most. */
	readonly maxBytes: number;
}

export interface ImportOptions {
	readonly repository: string;
	readonly tag: string;
	readonly message: string;
	readonly changes: readonly string[];
	readonly platform: Platform | null;
}

/** Makes an image of one root filesystem tar. Names and changes are checked before a byte is read. */
export async function importImage(
	deps: ImportDeps,
	tar: AsyncIterable<Uint8Array>,
	options: ImportOptions,
	caller: Caller,
	report: Report,
	signal: AbortSignal,
): Promise<void> {
	const { catalog, content, events } = deps;
	const target = options.repository === '' ? null : parseTarget(options.repository, options.tag);
	const config = applyChanges({}, options.changes);
	await using scope = deps.keeper.scope();
	const blob = await content.ingest(tar, { signal, maxSize: deps.maxBytes, durable: false });
	await scope.blob(blob.digest);
	const layer = await deps.layers.unpack({ blob: content.path(blob.digest), parent: null, diffId: null, signal });
	await scope.layer(layer.chainId);
	const document = configDocument(layer, config, options, deps.now());
	const bytes = Buffer.from(JSON.stringify(document));
	const { digest: id } = await content.ingest(
		(async function* () {
			yield bytes;
		})(),
	);
	await scope.blob(id);
	catalog.transaction(() =>
		catalog.put({
			id,
			config: document,
			manifestDigest: null,
			blobs: [id],
			chainIds: [layer.chainId],
			layerSizes: [layer.size],
			createdAt: document.created ?? deps.now(),
			lastTaggedAt: null,
		}),
	);
	if (target !== null) tagImage(deps, id, target, caller);
	events.publish({ type: 'image', action: 'import', id, attributes: { ...config.Labels, name: id }, caller });
	report({ kind: 'status', text: id });
}

function configDocument(
	layer: UnpackedLayer,
	config: ImageConfigDocument['config'],
	options: ImportOptions,
	created: string,
): ImageConfigDocument {
	const { os, architecture, variant } = options.platform ?? hostPlatform();
	return {
		created,
		architecture,
		...(variant === undefined ? {} : { variant }),
		os,
		...(config === undefined ? {} : { config }),
		rootfs: { type: 'layers', diff_ids: [layer.diffId] },
		history: [{ created, comment: options.message }],
	};
}
