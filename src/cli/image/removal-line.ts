import type { ImageDeleteResponseItem } from '../../api/image.ts';

/** A line of what a prune did to an image. */
export function removalLine({ Untagged = '', Deleted = '' }: ImageDeleteResponseItem): string {
	return Untagged === '' ? `deleted: ${Deleted}` : `untagged: ${Untagged}`;
}
