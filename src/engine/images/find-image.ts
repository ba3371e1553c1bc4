import { EngineError } from '../../errors.ts';
import { isDigest } from '../../oci/digest.ts';
import {
	familiarString,
	parseReference,
	printReference,
	type Reference,
	withDefaultTag,
	withDigest,
} from '../../oci/reference.ts';
import type { Catalog, ImageRecord } from './catalog.ts';

/**
 * Finds an image by id, name (`alpine`, `alpine:3`, `alpine@sha256:…`), or unique prefix of an id; in that order.
 * @throws EngineError `not_found` (`No such image: REF`), `invalid_argument` for an ambiguous prefix or what can be neither.
 */
export function findImage(catalog: Catalog, ref: string): ImageRecord {
	const id = /^[0-9a-f]{64}$/.test(ref) ? `sha256:${ref}` : ref;
	if (isDigest(id)) {
		const record = catalog.get(id);
		if (record === undefined) throw noSuchImage(id);
		return record;
	}
	const reference = referenceOf(ref);
	const named = reference === undefined ? undefined : byName(catalog, reference);
	if (named !== undefined) return named;
	const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(ref)?.[1];
	const ids = prefix === undefined ? [] : catalog.idsFrom(`sha256:${prefix}`, 2);
	if (ids.length > 1) throw new EngineError('invalid_argument', `multiple IDs found with provided prefix: ${ref}`);
	const record = ids[0] === undefined ? undefined : catalog.get(ids[0]);
	if (record !== undefined) return record;
	// What is no reference at all says why it is none.
	throw noSuchImage(familiarString(withDefaultTag(reference ?? parseReference(ref))));
}

/** The name under which a reference is stored: a digest wins over a tag, no tag means `latest`. */
export function storedName(reference: Reference): string {
	return printReference(
		reference.digest === undefined ? withDefaultTag(reference) : withDigest(reference, reference.digest),
	);
}

function byName(catalog: Catalog, reference: Reference): ImageRecord | undefined {
	const id = catalog.names.get(storedName(reference)) ?? reference.digest;
	return id === undefined ? undefined : catalog.get(id);
}

function referenceOf(ref: string): Reference | undefined {
	try {
		return parseReference(ref);
	} catch (error) {
		// `sha256:ab…` is the prefix of an id, and no name.
		if (error instanceof EngineError && error.code === 'invalid_argument') return undefined;
		throw error;
	}
}

function noSuchImage(ref: string): EngineError {
	return new EngineError('not_found', `No such image: ${ref}`);
}
