import type { Catalog, ImageRecord } from './catalog.ts';
import { imageOf } from './catalog.ts';
import { findImage } from './find-image.ts';
import type { HistoryLine, Image } from './service.ts';

/** The image's history, newest first; the size of each line is that of the layer it made. */
export function historyOf(catalog: Catalog, ref: string): readonly HistoryLine[] {
	const record = findImage(catalog, ref);
	const made = lineage(catalog, record);
	let layer = 0;
	const lines = (record.config.history ?? []).map((entry): HistoryLine => {
		const size = entry.empty_layer === true ? 0 : (record.layerSizes[layer++] ?? 0);
		return {
			id: null,
			createdAt: entry.created ?? '0001-01-01T00:00:00Z',
			createdBy: entry.created_by ?? '',
			comment: entry.comment ?? '',
			tags: [],
			size,
		};
	});
	return lines.reverse().map((line, position) => {
		const image = made[position];
		return image === undefined ? line : { ...line, id: image.id, tags: image.tags };
	});
}

/** The image and those that it was committed on, as far as they are here: each made one line of the history. */
function lineage(catalog: Catalog, image: ImageRecord): readonly Image[] {
	const found: Image[] = [];
	for (let next: ImageRecord | undefined = image; next !== undefined; ) {
		found.push(imageOf(next, catalog.names.of(next.id)));
		next = next.parentId === undefined ? undefined : catalog.get(next.parentId);
	}
	return found;
}
