import type { Catalog } from './catalog.ts';
import { imageOf } from './catalog.ts';
import { findImage } from './find-image.ts';
import type { HistoryLine } from './service.ts';

/** The image's history, newest first; the size of each line is that of the layer it made. */
export function historyOf(catalog: Catalog, ref: string): readonly HistoryLine[] {
	const record = findImage(catalog, ref);
	const { tags } = imageOf(record, catalog.names.of(record.id));
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
	return lines.reverse().map((line, position) => (position === 0 ? { ...line, id: record.id, tags } : line));
}
