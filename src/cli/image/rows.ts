import type { ImageSummary } from '../../api/image.ts';
import { familiarName, parseReference, type Reference } from '../../oci/reference.ts';
import { humanDuration, humanSize, shortId } from '../render/units.ts';
import { goTime } from '../times.ts';

/** Column headers of the list of images. */
export const headers: Readonly<Record<string, string>> = {
	ID: 'IMAGE ID',
	Repository: 'REPOSITORY',
	Tag: 'TAG',
	Digest: 'DIGEST',
	CreatedSince: 'CREATED',
	CreatedAt: 'CREATED AT',
	Size: 'SIZE',
	Containers: 'CONTAINERS',
	VirtualSize: 'SIZE',
	SharedSize: 'SHARED SIZE',
	UniqueSize: 'UNIQUE SIZE',
};

/** How images become rows. `all`: those without any name, too. `now`: milliseconds. */
export interface RowOptions {
	readonly truncate: boolean;
	readonly digests: boolean;
	readonly all: boolean;
	readonly now: number;
}

interface Name {
	readonly repository: string;
	readonly tag: string;
	readonly digest: string;
}

const none = '<none>';

/** A row for every name of every image. */
export function imageRows(images: readonly ImageSummary[], options: RowOptions) {
	return images.flatMap((image) => namesOf(image, options.digests).map((name) => imageRow(image, name, options)));
}

function imageRow(image: ImageSummary, { repository, tag, digest }: Name, { truncate, now }: RowOptions) {
	const created = (image.Created ?? 0) * 1000;
	const size = image.Size ?? 0;
	const shared = image.SharedSize ?? -1;
	return {
		ID: truncate ? shortId(image.Id ?? '') : (image.Id ?? ''),
		Repository: repository,
		Tag: tag,
		Digest: digest,
		CreatedSince: created <= 0 ? '' : `${humanDuration(now - created)} ago`,
		get CreatedAt() {
			return goTime(created);
		},
		Size: humanSize(size),
		Containers: (image.Containers ?? -1) === -1 ? 'N/A' : String(image.Containers),
		VirtualSize: humanSize(size, 4),
		SharedSize: shared === -1 ? 'N/A' : humanSize(shared, 4),
		UniqueSize: shared === -1 ? 'N/A' : humanSize(size - shared, 4),
	};
}

function namesOf(image: ImageSummary, digests: boolean): Name[] {
	const parse = (texts: readonly string[] | null | undefined) =>
		(texts ?? []).filter((text) => !text.startsWith(none)).map(parseReference);
	const tags = parse(image.RepoTags);
	const digested = parse(image.RepoDigests);
	if (tags.length === 0) {
		const first = digested.map(
			(reference): Name => ({
				repository: familiarName(reference),
				tag: none,
				digest: reference.digest ?? none,
			}),
		);
		if (first.length === 0) return [{ repository: none, tag: none, digest: none }];
		return digests ? first : first.slice(0, 1);
	}
	return tags.flatMap((reference) => withDigests(reference, digested, digests));
}

function withDigests(reference: Reference, digested: readonly Reference[], digests: boolean): Name[] {
	const repository = familiarName(reference);
	const tag = reference.tag ?? none;
	const own = digested.filter((one) => familiarName(one) === repository);
	if (!digests || own.length === 0) return [{ repository, tag, digest: own[0]?.digest ?? none }];
	return own.map((one) => ({ repository, tag, digest: one.digest ?? none }));
}
