import { EngineError } from '../../../errors.ts';
import type { EventBus } from '../../../events/bus.ts';
import type { Caller } from '../../../events/types.ts';
import { digestHex } from '../../../oci/digest.ts';
import { maxConfigSize, parseImageConfig } from '../../../oci/documents.ts';
import { hostPlatform } from '../../../oci/platform.ts';
import { familiarString, printReference } from '../../../oci/reference.ts';
import type { Catalog, ImageRecord } from '../catalog.ts';
import type { Keeper, KeepScope } from '../keeper.ts';
import type { Report } from '../progress.ts';
import { type FetchDeps, fetchLayers } from '../pull/fetch-layers.ts';
import { type ArchiveLimits, storeArchive } from './archive.ts';
import { type ArchiveImage, readArchiveImages } from './archive-images.ts';

/** What loading needs. */
export interface LoadDeps extends FetchDeps {
	readonly catalog: Catalog;
	readonly keeper: Keeper;
	readonly events: EventBus;
	readonly limits: ArchiveLimits;
	/** RFC 3339, the present. */
	readonly now: () => string;
}

/** Loads every image of an archive; each is recorded when all of it is here. */
export async function loadImages(
	deps: LoadDeps,
	tar: AsyncIterable<Uint8Array>,
	options: { readonly quiet: boolean },
	caller: Caller,
	report: Report,
	signal: AbortSignal,
): Promise<void> {
	await using scope = deps.keeper.scope();
	const archive = await storeArchive(tar, deps, scope, signal);
	const images = await readArchiveImages(archive, deps.content, hostPlatform());
	for (const image of images) {
		const record = await bringIn(deps, image, scope, options.quiet ? () => undefined : report, signal);
		for (const name of image.names) {
			const before = deps.catalog.names.get(printReference(name));
			if (before === undefined || before === record.id) continue;
			const moved = `The image ${familiarString(name)} already exists, renaming the old one with ID ${before} to empty string`;
			report({ kind: 'stream', text: `${moved}\n` });
		}
		deps.events.publish(
			{
				type: 'image',
				action: 'load',
				id: record.id,
				attributes: { ...record.config.config?.Labels, name: record.id },
				caller,
			},
			() => recordLoaded(deps, record, image),
		);
		for (const name of image.names) report({ kind: 'stream', text: `Loaded image: ${familiarString(name)}\n` });
		if (image.names.length === 0) report({ kind: 'stream', text: `Loaded image ID: ${record.id}\n` });
	}
}

async function bringIn(
	deps: LoadDeps,
	image: ArchiveImage,
	scope: KeepScope,
	report: Report,
	signal: AbortSignal,
): Promise<ImageRecord> {
	const config = parseImageConfig(await deps.content.readBytes(image.config, maxConfigSize));
	if (config.os !== hostPlatform().os) {
		throw new EngineError('unsupported', `image operating system "${config.os}" cannot be used on this platform`);
	}
	const diffIds = config.rootfs.diff_ids ?? [];
	const ids = new Map(
		image.layers.map(({ digest }, position) => [shortId(digest), shortId(diffIds[position] ?? digest)]),
	);
	const layers = await fetchLayers(
		deps,
		{
			descriptors: image.layers,
			diffIds,
			open: null,
		},
		scope,
		(progress) => {
			// Docker's load tells of unpacking only, and names layers by what they unpack to.
			if (progress.text === 'Extracting') {
				report({ ...progress, text: 'Loading layer', id: ids.get(progress.id ?? '') ?? progress.id ?? '' });
			}
		},
		signal,
	);
	await deps.content.persist(image.config);
	const known = deps.catalog.get(image.config);
	return {
		id: image.config,
		config,
		manifestDigest: known?.manifestDigest ?? null,
		blobs: [...new Set([image.config, ...(known?.blobs ?? [])])],
		chainIds: layers.map(({ chainId }) => chainId),
		layerSizes: layers.map(({ size }) => size),
		createdAt: config.created ?? '0001-01-01T00:00:00Z',
		lastTaggedAt: known?.lastTaggedAt ?? null,
	};
}

function recordLoaded(deps: LoadDeps, record: ImageRecord, image: ArchiveImage): void {
	const tagged = image.names.some((name) => deps.catalog.names.get(printReference(name)) !== record.id);
	deps.catalog.put(tagged ? { ...record, lastTaggedAt: deps.now() } : record);
	for (const name of image.names) deps.catalog.names.set(printReference(name), record.id);
}

function shortId(digest: Parameters<typeof digestHex>[0]): string {
	return digestHex(digest).slice(0, 12);
}
