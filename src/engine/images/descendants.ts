import { codeOf } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Catalog } from './catalog.ts';
import { findImage } from './find-image.ts';

/** Ids of the image that `ref` names and of those that stand on all its layers. Empty when there is no such image. */
export function descendantsOf(catalog: Catalog, ref: string): ReadonlySet<Digest> {
	let base: ReturnType<typeof findImage>;
	try {
		base = findImage(catalog, ref);
	} catch (error) {
		if (codeOf(error) === 'not_found' || codeOf(error) === 'invalid_argument') return new Set();
		throw error;
	}
	const top = base.chainIds.at(-1);
	const above = top === undefined ? [] : catalog.list().filter(({ chainIds }) => chainIds.includes(top));
	return new Set([base.id, ...above.map(({ id }) => id)]);
}
