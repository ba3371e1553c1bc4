import type { EventBus } from '../../../events/bus.ts';
import type { Caller } from '../../../events/types.ts';
import { buildInfo } from '../../../lib/build-info.ts';
import { type Digest, sha256Digest } from '../../../oci/digest.ts';
import { familiarString } from '../../../oci/reference.ts';
import type { HistoryEntry, ImageConfigDocument, ImageExecConfig } from '../../../oci/types.ts';
import type { ContentStore } from '../../../store/content/content.ts';
import type { Layers, UnpackedLayer } from '../../../store/snapshots/types.ts';
import type { CommitRequest } from '../../containers/ports.ts';
import type { Catalog, ImageRecord } from '../catalog.ts';
import { findImage } from '../find-image.ts';
import { applyChanges } from '../import/changes.ts';
import type { Keeper } from '../keeper.ts';
import { parseTarget, tagImage } from '../tag-image.ts';
import { mergeConfig } from './merge-config.ts';

/** What committing needs. */
export interface CommitDeps {
	readonly catalog: Catalog;
	readonly keeper: Keeper;
	readonly content: ContentStore;
	readonly layers: Layers;
	readonly events: EventBus;
	/** RFC 3339, the present. */
	readonly now: () => string;
}

/** The tar of nothing: two blocks of zeros. A layer of it is none. */
const emptyLayer = sha256Digest('5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef');

/**
 * Makes an image of a container's image and one more layer, unless that layer is empty. Names and changes are checked
 * before the layer is opened. `name`: what it was tagged, '' when it was not.
 * @throws `invalid_argument`, `not_found` when the container's image is no more.
 */
export async function commitImage(
	deps: CommitDeps,
	request: CommitRequest,
	caller: Caller,
	signal: AbortSignal,
): Promise<{ readonly id: Digest; readonly name: string }> {
	const { catalog, content, events, now } = deps;
	const target = request.repository === '' ? null : parseTarget(request.repository, request.tag);
	const base = request.config ?? request.containerConfig;
	const config = mergeConfig(applyChanges(base, request.changes), request.containerConfig);
	const parent = findImage(catalog, request.imageId);
	await using scope = deps.keeper.scope();
	for (const chainId of parent.chainIds) await scope.layer(chainId);
	const layer = await deps.layers.unpack({
		blob: { size: 0, open: request.openLayer },
		parent: parent.chainIds.at(-1) ?? null,
		diffId: null,
		signal,
	});
	await scope.layer(layer.chainId);
	const added = layer.diffId === emptyLayer ? null : layer;
	const created = now();
	const document = documentOf(parent, added, config, request, created);
	const { digest: id } = await content.ingest(pieceOf(Buffer.from(JSON.stringify(document))));
	await scope.blob(id);
	events.publish({ type: 'image', action: 'create', id, attributes: { ...config.Labels, name: id }, caller }, () =>
		catalog.put({
			id,
			config: document,
			manifestDigest: null,
			blobs: [id],
			chainIds: [...parent.chainIds, ...(added === null ? [] : [added.chainId])],
			layerSizes: [...parent.layerSizes, ...(added === null ? [] : [added.size])],
			createdAt: created,
			lastTaggedAt: null,
			parentId: parent.id,
		}),
	);
	if (target !== null) tagImage(deps, id, target, caller);
	return { id, name: target === null ? '' : familiarString(target) };
}

async function* pieceOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield bytes;
}

function documentOf(
	parent: ImageRecord,
	layer: UnpackedLayer | null,
	config: ImageExecConfig,
	request: CommitRequest,
	created: string,
): ImageConfigDocument {
	const { author, comment } = request;
	const entry: HistoryEntry = {
		created,
		created_by: (request.containerConfig.Cmd ?? []).join(' '),
		...(author === '' ? {} : { author }),
		...(comment === '' ? {} : { comment }),
		...(layer === null ? { empty_layer: true } : {}),
	};
	const { architecture, variant, os, 'os.version': version, rootfs, history } = parent.config;
	return {
		created,
		...(author === '' ? {} : { author }),
		architecture,
		...(variant === undefined ? {} : { variant }),
		os,
		...(version === undefined ? {} : { 'os.version': version }),
		docker_version: buildInfo.version,
		container: request.containerId,
		config,
		rootfs: { type: 'layers', diff_ids: [...(rootfs.diff_ids ?? []), ...(layer === null ? [] : [layer.diffId])] },
		history: [...(history ?? []), entry],
	};
}
