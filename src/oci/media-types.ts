/** Media types of manifests, configs and layers. Sources: OCI image-spec, media-types.md; Docker image manifest v2, schema 2. */
export const mediaTypes = {
	ociManifest: 'application/vnd.oci.image.manifest.v1+json',
	ociIndex: 'application/vnd.oci.image.index.v1+json',
	ociConfig: 'application/vnd.oci.image.config.v1+json',
	ociLayer: 'application/vnd.oci.image.layer.v1.tar',
	ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
	ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
	dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
	dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
	dockerConfig: 'application/vnd.docker.container.image.v1+json',
	dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
	dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
	dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
	dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
	dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
	dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

/** True for an index or a manifest list. */
export function isIndexType(mediaType: string): boolean {
	return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

/** True for a manifest of one image. */
export function isManifestType(mediaType: string): boolean {
	return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** True for the config of a container image (not of an artifact, plugin or chart). */
export function isImageConfigType(mediaType: string): boolean {
	// Early builders wrote octet-stream and still do in old registries.
	return (
		mediaType === mediaTypes.ociConfig ||
		mediaType === mediaTypes.dockerConfig ||
		mediaType === 'application/octet-stream'
	);
}

/** True for a layer: a tar, plain, gzip or zstd. */
export function isLayerType(mediaType: string): boolean {
	return (
		/^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?$/.test(mediaType) ||
		/^application\/vnd\.docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.gzip|\.zstd)?$/.test(mediaType)
	);
}
