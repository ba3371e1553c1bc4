import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller } from '../../events/types.ts';
import type { Digest } from '../../oci/digest.ts';
import { matchPlatform, parsePlatform, printPlatform } from '../../oci/platform.ts';
import { familiarString, parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { ContentStore } from '../../store/content/content.ts';
import type { Records } from '../../store/records/records.ts';
import type { Layers, UnpackedLayer } from '../../store/snapshots/types.ts';
import type { ImageCommits, Images as ImagesForContainers } from '../containers/ports.ts';
import type { ImagePruneRequest } from '../prune-request.ts';
import { type Catalog, imageOf, openCatalog } from './catalog.ts';
import { commitImage } from './commit/commit-image.ts';
import { descendantsOf } from './descendants.ts';
import { findImage } from './find-image.ts';
import { historyOf } from './history.ts';
import { importImage } from './import/import-image.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { listImages } from './list-images.ts';
import type { ArchiveLimits } from './load/archive.ts';
import { loadImages } from './load/load-images.ts';
import { withProgress } from './progress.ts';
import { pruneImages } from './prune-images.ts';
import type { LayerProgress } from './pull/fetch-layers.ts';
import { pullImage } from './pull/pull-image.ts';
import type { RegistryConfig } from './registry/config.ts';
import { createEndpoints } from './registry/endpoints.ts';
import { loginToRegistry } from './registry/login.ts';
import { removeImage } from './remove-image.ts';
import type { Image, ImageSources, ImageStore, ImageUsers, PrunedImages, RegistryLogin } from './service.ts';
import { sharedSizes } from './shared-sizes.ts';
import { createArrivals, createSemaphore, createSharedWork } from './shared-work.ts';
import { parseTarget, tagImage } from './tag-image.ts';

/** What the images service is made of. */
export interface ImagesDeps {
	readonly records: Records;
	readonly content: ContentStore;
	readonly layers: Layers;
	readonly events: EventBus;
	readonly users: ImageUsers;
	readonly registry: RegistryConfig;
	/** RFC 3339, the present. */
	readonly now: () => string;
	/** Bounds of archives that are loaded or imported; default {@link defaultArchiveLimits}. */
	readonly archiveLimits?: ArchiveLimits;
}

/** Bounds against archives without end: 256 GiB, 200,000 entries. */
export const defaultArchiveLimits: ArchiveLimits = { maxBytes: 256 * 2 ** 30, maxFiles: 200_000 };

/** The images of this engine: how they come in, what is here, and what containers need of them. */
export interface Images {
	readonly sources: ImageSources;
	readonly store: ImageStore;
	readonly forContainers: ImagesForContainers;
	readonly commits: ImageCommits;
	/** For the filter `ancestor`: see {@link descendantsOf}. */
	descendantsOf(ref: string): ReadonlySet<Digest>;
	readonly login: RegistryLogin;
	/** See {@link pruneImages}. Stops early when `signal` aborts. */
	prune(request: ImagePruneRequest, caller: Caller, signal: AbortSignal): Promise<PrunedImages>;
	/**
	 * At boot: forgets images whose layers or config a crash has cost (a pull brings them back), then removes blobs and
	 * layers that nothing wants. Gives the images that were forgotten.
	 */
	collectGarbage(): Promise<readonly Image[]>;
}

/** Wires the service. Nothing is read or removed before it is asked to. */
export function createImages(deps: ImagesDeps): Images {
	const { content, layers } = deps;
	const catalog = openCatalog(deps.records);
	const keeper = createKeeper({ catalog, content, layers });
	return {
		sources: createSources(deps, catalog, keeper),
		store: createStore(deps, catalog, keeper),
		forContainers: {
			async resolve(ref, platform) {
				const { id, chainIds, config } = findImage(catalog, ref);
				if (platform !== '') checkPlatform(ref, config, platform);
				return { id, chainId: chainIds.at(-1) ?? null, platform: config.os, config: config.config ?? {} };
			},
		},
		commits: {
			commit: (request, caller, signal) => commitImage({ ...deps, catalog, keeper }, request, caller, signal),
		},
		descendantsOf: (ref) => descendantsOf(catalog, ref),
		login: (auth, signal) =>
			loginToRegistry(auth, { config: deps.registry, endpoints: createEndpoints(deps.registry) }, signal),
		prune: (request, caller, signal) =>
			pruneImages({ catalog, keeper, events: deps.events, users: deps.users }, request, caller, signal),
		async collectGarbage() {
			const lost = await forgetBroken(deps, catalog);
			await keeper.collect();
			return lost;
		},
	};
}

/** A layer is written back some time after it is recorded: a host that lost power may have the record alone. */
async function forgetBroken(deps: ImagesDeps, catalog: Catalog): Promise<Image[]> {
	const lost: Image[] = [];
	for (const record of catalog.list()) {
		if (record.chainIds.every((chainId) => deps.layers.has(chainId)) && (await deps.content.has(record.id))) continue;
		const names = catalog.names.of(record.id);
		deps.events.publish({ type: 'image', action: 'delete', id: record.id, attributes: { name: record.id } }, () => {
			for (const name of names) catalog.names.delete(name);
			catalog.delete(record.id);
		});
		lost.push(imageOf(record, names));
	}
	return lost;
}

function checkPlatform(
	ref: string,
	actual: { os: string; architecture: string; variant?: string },
	wanted: string,
): void {
	const parsed = parsePlatform(wanted);
	if (matchPlatform(parsed, actual) !== undefined) return;
	const name = familiarString(withDefaultTag(parseReference(ref)));
	throw new EngineError(
		'not_found',
		`image with reference ${name} was found but its platform (${printPlatform(actual)}) does not match the specified platform (${printPlatform(parsed)})`,
	);
}

function createSources(deps: ImagesDeps, catalog: Catalog, keeper: Keeper): ImageSources {
	const { content, layers, events, now, registry } = deps;
	const limits = deps.archiveLimits ?? defaultArchiveLimits;
	const shared = {
		content,
		layers,
		catalog,
		keeper,
		events,
		now,
		unpacks: createSharedWork<UnpackedLayer, LayerProgress>(),
		arrivals: createArrivals(),
		downloadSlots: createSemaphore(() => registry.maxConcurrentDownloads),
	};
	const pulling = { ...shared, registry, endpoints: createEndpoints(registry) };
	return {
		pull: (options, { caller, signal }) =>
			withProgress((report, abort) => pullImage(pulling, options, caller, report, abort), signal),
		load: (tar, options, { caller, signal }) =>
			withProgress((report, abort) => loadImages({ ...shared, limits }, tar, options, caller, report, abort), signal),
		import: (tar, options, { caller, signal }) =>
			withProgress(
				(report, abort) => importImage({ ...shared, maxBytes: limits.maxBytes }, tar, options, caller, report, abort),
				signal,
			),
	};
}

function createStore(deps: ImagesDeps, catalog: Catalog, keeper: Keeper): ImageStore {
	const { events, users, now } = deps;
	return {
		async get(ref) {
			const record = findImage(catalog, ref);
			return imageOf(record, catalog.names.of(record.id));
		},
		async list({ filters }) {
			return listImages(catalog, filters);
		},
		async tag(ref, repository, tag, caller) {
			tagImage({ catalog, events, now }, ref, parseTarget(repository, tag), caller);
		},
		remove: (ref, options, caller) => removeImage({ catalog, keeper, events, users }, ref, options, caller),
		async history(ref) {
			return historyOf(catalog, ref);
		},
		sharedSizes: () => sharedSizes(catalog),
		summary() {
			const records = catalog.list();
			const sizes = new Map(
				records.flatMap(({ chainIds, layerSizes }) => chainIds.map((id, at) => [id, layerSizes[at] ?? 0])),
			);
			return { count: records.length, layersSize: [...sizes.values()].reduce((total, size) => total + size, 0) };
		},
	};
}
