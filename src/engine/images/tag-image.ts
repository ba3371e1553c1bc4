import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller } from '../../events/types.ts';
import {
	familiarString,
	parseReference,
	printReference,
	type Reference,
	withDefaultTag,
	withTag,
} from '../../oci/reference.ts';
import type { Catalog } from './catalog.ts';
import { findImage } from './find-image.ts';

/** What tagging needs. */
export interface TagDeps {
	readonly catalog: Catalog;
	readonly events: EventBus;
	/** RFC 3339, the present. */
	readonly now: () => string;
}

/** Gives an image one more name; a name of another image moves. @throws EngineError `invalid_argument`, `not_found`. */
export function tagImage(deps: TagDeps, ref: string, target: Reference, caller: Caller): void {
	const record = findImage(deps.catalog, ref);
	deps.events.publish(
		{
			type: 'image',
			action: 'tag',
			id: record.id,
			attributes: { ...record.config.config?.Labels, name: familiarString(target) },
			caller,
		},
		() => {
			deps.catalog.names.set(printReference(target), record.id);
			deps.catalog.put({ ...record, lastTaggedAt: deps.now() });
		},
	);
}

/** A name that an image can be given. `tag`: `''` for the one within `repository`, or `latest`. */
export function parseTarget(repository: string, tag: string): Reference {
	const parsed = parseReference(repository);
	if (parsed.digest !== undefined) {
		throw new EngineError('invalid_argument', 'refusing to create a tag with a digest reference');
	}
	if (parsed.domain === 'docker.io' && parsed.path === 'library/sha256') {
		throw new EngineError('invalid_argument', 'refusing to create an ambiguous tag using digest algorithm as name');
	}
	return tag === '' ? withDefaultTag(parsed) : withTag(parsed, tag);
}
