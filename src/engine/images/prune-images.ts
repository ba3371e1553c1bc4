import { codeOf } from '../../errors.ts';
import type { Caller } from '../../events/types.ts';
import type { Digest } from '../../oci/digest.ts';
import { familiarString, parseReference } from '../../oci/reference.ts';
import { type ImagePruneRequest, mayPrune } from '../prune-request.ts';
import type { ImageRecord } from './catalog.ts';
import { type RemoveDeps, removeImage } from './remove-image.ts';
import type { PrunedImages, Removal } from './service.ts';

/** Removes the images that no container uses and, with `danglingOnly`, no tag names. What is in use stays, silently. */
export async function pruneImages(
	deps: RemoveDeps,
	request: ImagePruneRequest,
	caller: Caller,
	signal: AbortSignal,
): Promise<PrunedImages> {
	const { catalog } = deps;
	const candidates = catalog.list().filter((image) => mayPrune(request, image.config.config?.Labels, image.createdAt));
	const sizes = new Map(
		catalog.list().flatMap(({ chainIds, layerSizes }) => chainIds.map((id, at) => [id, layerSizes[at] ?? 0] as const)),
	);
	const removals: Removal[] = [];
	for (const image of candidates) {
		for (const ref of referencesToRemove(deps, image, request.danglingOnly)) {
			// The client is gone: what is done so far is told, as an event.
			if (signal.aborted) break;
			removals.push(...(await removeUnlessUsed(deps, ref, caller)));
		}
	}
	const gone = removals.flatMap((removal) => ('deleted' in removal ? [removal.deleted] : []));
	return { removals, reclaimed: gone.reduce((sum, digest: Digest) => sum + (sizes.get(digest) ?? 0), 0) };
}

/** By which names an image goes; its id when it has none; empty: it stays. */
function referencesToRemove({ catalog }: RemoveDeps, { id }: ImageRecord, danglingOnly: boolean): readonly string[] {
	const names = [...catalog.names.of(id)].sort();
	if (names.length === 0) return [id];
	const tagged = names.some((name) => parseReference(name).digest === undefined);
	return danglingOnly && tagged ? [] : names.map((name) => familiarString(parseReference(name)));
}

async function removeUnlessUsed(deps: RemoveDeps, ref: string, caller: Caller): Promise<readonly Removal[]> {
	try {
		return await removeImage(deps, ref, { force: false }, caller);
	} catch (error) {
		// In use, or gone with another name: a prune leaves it at that.
		if (codeOf(error) === 'conflict' || codeOf(error) === 'not_found') return [];
		throw error;
	}
}
