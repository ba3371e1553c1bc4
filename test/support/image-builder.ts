import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type Digest, digestHex, sha256Digest } from '../../src/oci/digest.ts';
import type { Descriptor, ImageConfigDocument, Index, Manifest, Platform } from '../../src/oci/types.ts';

/** A blob with its descriptor. */
export interface Blob {
	readonly descriptor: Descriptor;
	readonly bytes: Uint8Array;
}

/** An image in memory: what a registry or an archive holds. */
export interface BuiltImage {
	readonly config: Blob;
	readonly document: ImageConfigDocument;
	readonly layers: readonly Blob[];
	/** The layers' tars, uncompressed. */
	readonly tars: readonly Uint8Array[];
	readonly manifest: Blob;
}

/** One entry of a tar. `type`: default `file`, or `directory` for a name that ends in `/`. */
export interface TarEntry {
	readonly name: string;
	readonly content?: Uint8Array | string;
	readonly type?: 'file' | 'directory' | 'symlink' | 'hardlink';
	readonly linkName?: string;
	readonly mode?: number;
	readonly uid?: number;
	readonly gid?: number;
	/** Seconds since the epoch. */
	readonly mtime?: number;
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;
const dockerTypes = {
	manifest: 'application/vnd.docker.distribution.manifest.v2+json',
	config: 'application/vnd.docker.container.image.v1+json',
	layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
	index: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;
const ociTypes = {
	manifest: 'application/vnd.oci.image.manifest.v1+json',
	config: 'application/vnd.oci.image.config.v1+json',
	layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
	index: 'application/vnd.oci.image.index.v1+json',
} as const;

/** sha256 digest of bytes. */
export function digestOf(bytes: Uint8Array): Digest {
	return sha256Digest(createHash('sha256').update(bytes).digest('hex'));
}

/** A ustar archive of the entries, in order. Names and link names are at most 100 bytes. */
export function tarOf(entries: readonly TarEntry[]): Uint8Array {
	const parts: Uint8Array[] = [];
	for (const entry of entries) {
		const content =
			typeof entry.content === 'string' ? Buffer.from(entry.content) : (entry.content ?? new Uint8Array());
		parts.push(tarHeader(entry, content.length), content);
		if (content.length % 512 !== 0) parts.push(new Uint8Array(512 - (content.length % 512)));
	}
	parts.push(new Uint8Array(1024));
	return Buffer.concat(parts);
}

function tarHeader(entry: TarEntry, size: number): Uint8Array {
	const type = entry.type ?? (entry.name.endsWith('/') ? 'directory' : 'file');
	const header = Buffer.alloc(512);
	const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
	if (Buffer.byteLength(entry.name) > 100) throw new Error(`tar name too long: ${entry.name}`);
	header.write(entry.name, 0);
	header.write(octal(entry.mode ?? (type === 'directory' ? 0o755 : 0o644), 8), 100);
	header.write(octal(entry.uid ?? 0, 8), 108);
	header.write(octal(entry.gid ?? 0, 8), 116);
	header.write(octal(size, 12), 124);
	header.write(octal(entry.mtime ?? 1_700_000_000, 12), 136);
	header.write('        ', 148);
	header.write(typeFlags[type], 156);
	header.write(entry.linkName ?? '', 157);
	header.write('ustar\x0000', 257);
	const sum = header.reduce((total, byte) => total + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	return header;
}

/** What {@link buildImage} makes an image of. */
export interface ImageRecipe {
	/** Uncompressed layer tars, lowest first. */
	readonly tars: readonly Uint8Array[];
	readonly config?: ImageConfigDocument['config'];
	readonly platform?: Platform;
	/** RFC 3339. */
	readonly created?: string;
	/** `oci` or `docker` (default) media types. */
	readonly format?: 'oci' | 'docker';
	/** gzip level; default 1. */
	readonly level?: 0 | 1 | 6 | 9;
}

/** Compresses the layers and writes config and manifest. The same recipe gives the same digests. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
	const types = recipe.format === 'oci' ? ociTypes : dockerTypes;
	const created = recipe.created ?? '2024-05-01T12:00:00Z';
	const platform = recipe.platform ?? { os: 'linux', architecture: 'amd64' };
	const document: ImageConfigDocument = {
		created,
		architecture: platform.architecture,
		...(platform.variant === undefined ? {} : { variant: platform.variant }),
		os: platform.os,
		config: recipe.config ?? {},
		rootfs: { type: 'layers', diff_ids: recipe.tars.map(digestOf) },
		history: recipe.tars.map((_, position) => ({ created, created_by: `/bin/sh -c #(nop) ADD layer ${position}` })),
	};
	const config = jsonBlob(types.config, document);
	const layers = recipe.tars.map((tar) => blobOf(types.layer, gzipSync(tar, { level: recipe.level ?? 1 })));
	const manifest: Manifest = {
		schemaVersion: 2,
		mediaType: types.manifest,
		config: config.descriptor,
		layers: layers.map((layer) => layer.descriptor),
	};
	return { config, document, layers, tars: recipe.tars, manifest: jsonBlob(types.manifest, manifest) };
}

/** A blob of these bytes. */
export function blobOf(mediaType: string, bytes: Uint8Array): Blob {
	return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** A JSON document as a blob. */
export function jsonBlob(mediaType: string, value: unknown): Blob {
	return blobOf(mediaType, Buffer.from(JSON.stringify(value)));
}

/** An index (manifest list) over images; the platform of each is its config's. */
export function buildIndex(images: readonly BuiltImage[], format: 'oci' | 'docker' = 'docker'): Blob {
	const types = format === 'oci' ? ociTypes : dockerTypes;
	const index: Index = {
		schemaVersion: 2,
		mediaType: types.index,
		manifests: images.map(({ manifest, document }) => ({
			...manifest.descriptor,
			platform: {
				os: document.os,
				architecture: document.architecture,
				...(document.variant === undefined ? {} : { variant: document.variant }),
			},
		})),
	};
	return jsonBlob(types.index, index);
}

/** The tar of a small root filesystem: /bin/busybox (static) with links for its applets, /etc/passwd, /etc/group, /tmp. */
export function busyboxRootfs(extra: readonly TarEntry[] = []): Uint8Array {
	const list = spawnSync('/bin/busybox', ['--list'], { encoding: 'utf8' });
	if (list.status !== 0) throw new Error('/bin/busybox --list failed; is the package busybox-static installed?');
	const applets = list.stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
	const directories = [
		'bin/',
		'dev/',
		'etc/',
		'home/',
		'proc/',
		'root/',
		'sys/',
		'usr/',
		'usr/bin/',
		'var/',
		'var/www/',
	];
	return tarOf([
		...directories.map((name) => ({ name, ...(name === 'root/' ? { mode: 0o700 } : {}) })),
		{ name: 'tmp/', mode: 0o1777 },
		{ name: 'bin/busybox', content: readFileSync('/bin/busybox'), mode: 0o755 },
		...applets.map((name): TarEntry => ({ name: `bin/${name}`, type: 'symlink', linkName: 'busybox', mode: 0o777 })),
		{
			name: 'etc/passwd',
			content:
				'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
		},
		{ name: 'etc/group', content: 'root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nnogroup:x:65534:\n' },
		{ name: 'etc/shadow', content: 'root:*:::::::\n', mode: 0o640 },
		...extra,
	]);
}

/** The busybox image: one layer, `sh` as its command. */
export function busyboxImage(
	recipe: Omit<ImageRecipe, 'tars'> & { readonly extra?: readonly TarEntry[] } = {},
): BuiltImage {
	const { extra, ...rest } = recipe;
	return buildImage({
		config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
		...rest,
		tars: [busyboxRootfs(extra)],
	});
}

/**
 * `count` layers of `megabytes` MB each, a file per MB. `random` bytes do not shrink: what counts is moving, hashing and
 * writing them. `text` (random words, shrinks to about a third) makes decompression count as it does in real images.
 */
export function layeredImage(
	count: number,
	megabytes: number,
	recipe: Omit<ImageRecipe, 'tars'> & { readonly content?: 'random' | 'text' } = {},
): BuiltImage {
	const { content = 'random', ...rest } = recipe;
	const tars = Array.from({ length: count }, (_, layer) =>
		tarOf([
			{ name: `layer-${layer}/` },
			...Array.from({ length: megabytes }, (_, file) => ({
				name: `layer-${layer}/file-${file}`,
				content: content === 'random' ? randomBytes(1 << 20) : randomWords(1 << 20),
			})),
		]),
	);
	return buildImage({ ...rest, tars });
}

const words = Array.from(
	{ length: 4096 },
	() =>
		`${randomBytes(6)
			.toString('base64url')
			.slice(0, 3 + ((randomBytes(1)[0] ?? 0) % 6))} `,
);

function randomWords(size: number): Uint8Array {
	const picks = new Uint16Array(randomBytes(size / 2).buffer.slice(0));
	const parts: string[] = [];
	for (let length = 0, at = 0; length < size; at = (at + 1) % picks.length) {
		const word = words[(picks[at] ?? 0) % words.length] ?? ' ';
		parts.push(word);
		length += word.length;
	}
	return Buffer.from(parts.join('')).subarray(0, size);
}

/** A docker-archive (`manifest.json`, config, `ID/layer.tar`) as docker before 25 writes it. */
export function dockerArchive(
	images: readonly { readonly image: BuiltImage; readonly tags: readonly string[] }[],
): Uint8Array {
	const entries: TarEntry[] = [];
	const manifest = images.map(({ image, tags }) => {
		const config = `${digestHex(image.config.descriptor.digest)}.json`;
		entries.push({ name: config, content: image.config.bytes });
		const layers = image.tars.map((tar) => {
			const folder = digestHex(digestOf(tar));
			entries.push({ name: `${folder}/` }, { name: `${folder}/layer.tar`, content: tar });
			return `${folder}/layer.tar`;
		});
		return { Config: config, RepoTags: tags.length === 0 ? null : tags, Layers: layers };
	});
	return tarOf([...entries, { name: 'manifest.json', content: JSON.stringify(manifest) }]);
}

/** An OCI image layout. `name`: the `org.opencontainers.image.ref.name` annotation, a full reference in `io.containerd.image.name`. */
export function ociLayout(images: readonly { readonly image: BuiltImage; readonly name?: string }[]): Uint8Array {
	const blobs = new Map<string, Uint8Array>();
	for (const { image } of images) {
		for (const blob of [image.config, image.manifest, ...image.layers]) blobs.set(blob.descriptor.digest, blob.bytes);
	}
	const index: Index = {
		schemaVersion: 2,
		mediaType: ociTypes.index,
		manifests: images.map(({ image, name }) => ({
			...image.manifest.descriptor,
			...(name === undefined
				? {}
				: {
						annotations: {
							'io.containerd.image.name': name,
							'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
						},
					}),
		})),
	};
	return tarOf([
		{ name: 'blobs/' },
		{ name: 'blobs/sha256/' },
		...[...blobs].map(([digest, bytes]) => ({ name: `blobs/${digest.replace(':', '/')}`, content: bytes })),
		{ name: 'index.json', content: JSON.stringify(index) },
		{ name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
	]);
}

/** Writes a docker-archive of one image to a file, for `load -i`. */
export function writeDockerArchive(path: string, image: BuiltImage, ...tags: string[]): void {
	writeFileSync(path, dockerArchive([{ image, tags }]));
}
