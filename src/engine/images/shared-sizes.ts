import type { Digest } from '../../oci/digest.ts';
import type { Catalog } from './catalog.ts';

/** Bytes of each image's layers that another image has too. */
export function sharedSizes(catalog: Catalog): ReadonlyMap<Digest, number> {
	const records = catalog.list();
	const users = new Map<Digest, number>();
	for (const { chainIds } of records) for (const id of chainIds) users.set(id, (users.get(id) ?? 0) + 1);
	return new Map(
		records.map(({ id, chainIds, layerSizes }) => [
			id,
			chainIds.reduce((sum, chainId, at) => sum + ((users.get(chainId) ?? 0) > 1 ? (layerSizes[at] ?? 0) : 0), 0),
		]),
	);
}
