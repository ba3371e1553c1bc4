import { createHash } from 'node:crypto';
import { type Digest, sha256Digest } from './digest.ts';

/** The chain id of a layer on top of `parent` (null: the first layer). Source: OCI image-spec, config.md#layer-chainid. */
export function chainIdOf(parent: Digest | null, diffId: Digest): Digest {
	if (parent === null) return diffId;
	return sha256Digest(createHash('sha256').update(`${parent} ${diffId}`).digest('hex'));
}

/** The chain ids of a list of diff ids, lowest layer first. */
export function chainIdsOf(diffIds: readonly Digest[]): Digest[] {
	const chain: Digest[] = [];
	for (const diffId of diffIds) chain.push(chainIdOf(chain.at(-1) ?? null, diffId));
	return chain;
}
