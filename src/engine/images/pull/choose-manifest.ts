import { createHash } from 'node:crypto';
import { EngineError } from '../../../errors.ts';
import { type Digest, digestAlgorithm } from '../../../oci/digest.ts';
import { parseManifestDocument } from '../../../oci/documents.ts';
import { isImageConfigType, isIndexType, isLayerType, isManifestType } from '../../../oci/media-types.ts';
import { matchPlatform, printPlatform } from '../../../oci/platform.ts';
import type { Descriptor, Index, Manifest, Platform } from '../../../oci/types.ts';

/** Reads manifests by tag or digest. */
export type ReadManifest = (which: string) => Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }>;

/** A document's bytes with their digest. */
export interface RawDocument {
	readonly digest: Digest;
	readonly bytes: Uint8Array;
}

/** The manifest of one platform, and what led to it. */
export interface ChosenManifest {
	/** What the name stands for: the index, or the manifest itself. */
	readonly top: RawDocument;
	readonly document: RawDocument;
	readonly manifest: Manifest;
}

/** An index may point to an index; this deep and no deeper. */
const maxDepth = 3;

/**
 * Follows a tag or digest through indexes to the manifest that fits the platform best.
 * @throws EngineError `corrupt` (digest), `not_found` (`no matching manifest for …`), `unsupported` (not a container image).
 */
export async function chooseManifest(
	read: ReadManifest,
	which: string,
	digest: Digest | null,
	platform: Platform,
): Promise<ChosenManifest> {
	let current = await readVerified(read, which, digest);
	const top = current;
	for (let depth = 0; depth <= maxDepth; depth++) {
		const parsed = parseManifestDocument(current.bytes, current.mediaType);
		if (parsed.kind === 'manifest') {
			checkImage(parsed.manifest);
			return { top, document: current, manifest: parsed.manifest };
		}
		const next = chooseDescriptor(parsed.index, platform);
		current = await readVerified(read, next.digest, next.digest);
	}
	throw new EngineError('corrupt', 'invalid index: indexes within indexes are nested too deep');
}

async function readVerified(read: ReadManifest, which: string, expected: Digest | null) {
	const { bytes, mediaType } = await read(which);
	const algorithm = expected === null ? 'sha256' : digestAlgorithm(expected);
	const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
	if (expected !== null && digest !== expected) {
		throw new EngineError('corrupt', `manifest verification failed: expected digest ${expected}, got ${digest}`);
	}
	return { bytes, mediaType, digest };
}

/** The entry of an index that serves the platform best. Attestations and entries of other kinds are not images. */
export function chooseDescriptor(index: Index, platform: Platform): Descriptor {
	let best: { readonly descriptor: Descriptor; readonly cost: number } | undefined;
	const candidates = index.manifests.filter(isRunnable);
	for (const descriptor of candidates) {
		const cost = costOf(descriptor, platform, candidates.length);
		if (cost !== undefined && (best === undefined || cost < best.cost)) best = { descriptor, cost };
	}
	if (best === undefined) {
		throw new EngineError(
			'not_found',
			`no matching manifest for ${printPlatform(platform)} in the manifest list entries`,
		);
	}
	return best.descriptor;
}

function isRunnable({ mediaType, annotations, platform }: Descriptor): boolean {
	if (mediaType !== '' && !isManifestType(mediaType) && !isIndexType(mediaType)) return false;
	return annotations?.['vnd.docker.reference.type'] !== 'attestation-manifest' && platform?.os !== 'unknown';
}

function costOf({ platform }: Descriptor, wanted: Platform, candidates: number): number | undefined {
	if (platform !== undefined && platform.os !== '') return matchPlatform(wanted, platform);
	// An index of one that does not say for what: that one is meant.
	return candidates === 1 ? 1000 : undefined;
}

function checkImage(manifest: Manifest): void {
	const { config, layers } = manifest;
	const odd =
		config.mediaType !== '' && !isImageConfigType(config.mediaType)
			? config.mediaType
			: layers.find(({ mediaType }) => mediaType !== '' && !isLayerType(mediaType))?.mediaType;
	if (odd === undefined) return;
	throw new EngineError('unsupported', `unsupported media type ${odd.slice(0, 200)}: this is not a container image`);
}
