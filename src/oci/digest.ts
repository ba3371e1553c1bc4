import { EngineError } from '../errors.ts';

declare const digestBrand: unique symbol;

/** A content digest such as `sha256:<64 hex>`. Source: OCI image-spec, descriptor.md#digests. */
export type Digest = string & { readonly [digestBrand]: true };

const lengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** True for a digest of a registered algorithm with a lower-case hex part of the right length. */
export function isDigest(text: string): text is Digest {
	const colon = text.indexOf(':');
	if (colon < 0) return false;
	const hex = text.slice(colon + 1);
	return lengths[text.slice(0, colon)] === hex.length && /^[0-9a-f]+$/.test(hex);
}

/** @throws EngineError `invalid_argument` when `text` is not a digest. */
export function parseDigest(text: string): Digest {
	if (!isDigest(text)) throw new EngineError('invalid_argument', `invalid digest ${JSON.stringify(text)}`);
	return text;
}

/** The algorithm before the colon, e.g. `sha256`. */
export function digestAlgorithm(digest: Digest): string {
	return digest.slice(0, digest.indexOf(':'));
}

/** The hex part after the colon. */
export function digestHex(digest: Digest): string {
	return digest.slice(digest.indexOf(':') + 1);
}

/** The digest of a hex sha256. */
export function sha256Digest(hex: string): Digest {
	return parseDigest(`sha256:${hex}`);
}
