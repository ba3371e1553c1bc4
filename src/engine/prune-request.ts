import { parseNano } from '../lib/time.ts';

/** What a prune may take. */
export interface PruneRequest {
	/** Only what was made before, in nanoseconds since the epoch; null: whenever it was made. */
	readonly until: bigint | null;
	/** Only what has all of these: `key` or `key=value`. */
	readonly labels: readonly string[];
	/** Nothing that has all of these; empty: no such rule. */
	readonly notLabels: readonly string[];
}

/** A prune of images. */
export interface ImagePruneRequest extends PruneRequest {
	/** False: tagged images that no container uses, too. */
	readonly danglingOnly: boolean;
}

/** True when the request allows an object with these labels, made then (RFC 3339), to go. */
export function mayPrune(
	{ until, labels: wanted, notLabels }: PruneRequest,
	labels: Readonly<Record<string, string>> | null | undefined,
	createdAt: string,
): boolean {
	if (until !== null && (parseNano(createdAt) ?? until + 1n) > until) return false;
	const has = (text: string): boolean => {
		const equals = text.indexOf('=');
		const value = labels?.[equals < 0 ? text : text.slice(0, equals)];
		return value !== undefined && (equals < 0 || value === text.slice(equals + 1));
	};
	return wanted.every(has) && (notLabels.length === 0 || !notLabels.every(has));
}
