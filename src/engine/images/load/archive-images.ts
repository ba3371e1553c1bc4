import { EngineError } from '../../../errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import { maxConfigSize, maxManifestSize, parseManifestDocument } from '../../../oci/documents.ts';
import { isIndexType, mediaTypes } from '../../../oci/media-types.ts';
import { matchPlatform, printPlatform } from '../../../oci/platform.ts';
import { parseReference, type Reference, withDefaultTag } from '../../../oci/reference.ts';
import type { Descriptor, Platform } from '../../../oci/types.ts';
import type { ContentStore, StoredBlob } from '../../../store/content/content.ts';
import { chooseManifest } from '../pull/choose-manifest.ts';
import type { Archive } from './archive.ts';

/** An image within an archive. */
export interface ArchiveImage {
	readonly config: Digest;
	/** Lowest first. */
	readonly layers: readonly Descriptor[];
	readonly names: readonly Reference[];
}

/**
 * What images an archive has: by `manifest.json` (docker-archive), else by `index.json` (OCI layout).
 * @throws EngineError `corrupt`, `not_found` (no image for the platform), `unsupported`.
 */
export function readArchiveImages(
	archive: Archive,
	content: ContentStore,
	platform: Platform,
): Promise<ArchiveImage[]> {
	if (archive.has('manifest.json')) return readDockerArchive(archive, content);
	if (archive.has('index.json')) return readOciLayout(archive, content, platform);
	throw corrupt('it has neither a manifest.json nor an index.json');
}

async function readDockerArchive(archive: Archive, content: ContentStore): Promise<ArchiveImage[]> {
	const bytes = await content.readBytes(archive.file('manifest.json').digest, maxManifestSize);
	let list: unknown;
	try {
		list = JSON.parse(Buffer.from(bytes).toString('utf8'));
	} catch (error) {
		throw new EngineError('corrupt', 'invalid image archive: manifest.json is not JSON', { cause: error });
	}
	if (!Array.isArray(list)) throw corrupt('manifest.json is not a list');
	return list.map((entry: unknown): ArchiveImage => {
		const { Config, RepoTags, Layers } = isObject(entry) ? entry : {};
		if (typeof Config !== 'string') throw corrupt('manifest.json has an image without a Config');
		const config = archive.file(Config);
		if (config.size > maxConfigSize) throw corrupt(`the config is larger than ${maxConfigSize} bytes`);
		return {
			config: config.digest,
			layers: strings(Layers ?? [], 'Layers').map((path) => layerOf(archive.file(path))),
			names: strings(RepoTags ?? [], 'RepoTags').map(tagOf),
		};
	});
}

function layerOf(blob: StoredBlob): Descriptor {
	return { mediaType: mediaTypes.dockerLayer, digest: blob.digest, size: blob.size };
}

async function readOciLayout(archive: Archive, content: ContentStore, platform: Platform): Promise<ArchiveImage[]> {
	const read = async (which: string) => {
		const blob = archive.file(which === 'index.json' ? which : `blobs/${which.replace(':', '/')}`);
		return { bytes: await content.readBytes(blob.digest, maxManifestSize), mediaType: '' };
	};
	const top = parseManifestDocument((await read('index.json')).bytes, mediaTypes.ociIndex);
	if (top.kind !== 'index') throw corrupt('index.json is not an index');
	const images: ArchiveImage[] = [];
	for (const entry of top.index.manifests) {
		if (!isIndexType(entry.mediaType) && !fits(entry, platform)) continue;
		const { manifest } = await chooseManifest(read, entry.digest, entry.digest, platform);
		// Present by its digest, or it would not be in the layout.
		for (const { digest } of [manifest.config, ...manifest.layers]) archive.file(`blobs/${digest.replace(':', '/')}`);
		images.push({ config: manifest.config.digest, layers: manifest.layers, names: nameOf(entry) });
	}
	if (images.length === 0) {
		throw new EngineError('not_found', `no matching manifest for ${printPlatform(platform)} in the image archive`);
	}
	return images;
}

function fits({ platform, annotations }: Descriptor, wanted: Platform): boolean {
	if (annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') return false;
	return platform === undefined || platform.os === '' || matchPlatform(wanted, platform) !== undefined;
}

/** The full name that containerd and Docker write; the plain ref.name of other tools only when it is more than a tag. */
function nameOf({ annotations }: Descriptor): Reference[] {
	const full = annotations?.['io.containerd.image.name'];
	const name = annotations?.['org.opencontainers.image.ref.name'];
	if (full !== undefined) return [tagOf(full)];
	return name !== undefined && /[:/]/.test(name) ? [tagOf(name)] : [];
}

function tagOf(text: string): Reference {
	const reference = withDefaultTag(parseReference(text));
	if (reference.tag === undefined) throw corrupt(`the name ${JSON.stringify(text)} has no tag`);
	return { domain: reference.domain, path: reference.path, tag: reference.tag };
}

function strings(value: unknown, name: string): string[] {
	if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
		throw corrupt(`manifest.json: ${name} is not a list of strings`);
	}
	return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}

function corrupt(problem: string): EngineError {
	return new EngineError('corrupt', `invalid image archive: ${problem}`);
}
