/**
 * JSON of a specification or an exec's process document. The unlimited rlimit, 2^64 - 1, is no number that JavaScript
 * prints exactly; inside a JSON text the quotes are escaped, so that only the fields themselves match.
 */
export function serializeSpec(document: unknown): string {
	return JSON.stringify(document).replaceAll(/"(soft|hard)":18446744073709552000/g, '"$1":18446744073709551615');
}
