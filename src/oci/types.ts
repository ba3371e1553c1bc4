import type { Digest } from './digest.ts';

/** Source: OCI image-spec, descriptor.md. `size` in bytes. */
export interface Descriptor {
	readonly mediaType: string;
	readonly digest: Digest;
	readonly size: number;
	readonly urls?: readonly string[];
	readonly annotations?: Readonly<Record<string, string>>;
	readonly platform?: Platform;
	readonly artifactType?: string;
}

/** Source: OCI image-spec, image-index.md (platform). */
export interface Platform {
	readonly architecture: string;
	readonly os: string;
	readonly 'os.version'?: string;
	readonly 'os.features'?: readonly string[];
	readonly variant?: string;
}

/** OCI image manifest or Docker schema 2 manifest (same shape). Source: OCI image-spec, manifest.md. */
export interface Manifest {
	readonly schemaVersion: 2;
	readonly mediaType?: string;
	readonly config: Descriptor;
	readonly layers: readonly Descriptor[];
	readonly annotations?: Readonly<Record<string, string>>;
	readonly subject?: Descriptor;
}

/** OCI image index or Docker manifest list. Source: OCI image-spec, image-index.md. */
export interface Index {
	readonly schemaVersion: 2;
	readonly mediaType?: string;
	readonly manifests: readonly Descriptor[];
	readonly annotations?: Readonly<Record<string, string>>;
}

/** Health check as images and containers carry it; durations in nanoseconds. Docker extension of the image config. */
export interface Healthcheck {
	readonly Test?: readonly string[];
	readonly Interval?: number;
	readonly Timeout?: number;
	readonly StartPeriod?: number;
	readonly StartInterval?: number;
	readonly Retries?: number;
}

/** The execution part of an image config. Source: OCI image-spec, config.md, plus Docker's extensions. */
export interface ImageExecConfig {
	readonly User?: string;
	readonly ExposedPorts?: Readonly<Record<string, unknown>> | null;
	readonly Env?: readonly string[] | null;
	readonly Entrypoint?: readonly string[] | null;
	readonly Cmd?: readonly string[] | null;
	readonly Volumes?: Readonly<Record<string, unknown>> | null;
	readonly WorkingDir?: string;
	readonly Labels?: Readonly<Record<string, string>> | null;
	readonly StopSignal?: string;
	readonly ArgsEscaped?: boolean;
	readonly Healthcheck?: Healthcheck;
	readonly OnBuild?: readonly string[] | null;
	readonly Shell?: readonly string[] | null;
}

/** One line of an image's history. Source: OCI image-spec, config.md. */
export interface HistoryEntry {
	readonly created?: string;
	readonly created_by?: string;
	readonly author?: string;
	readonly comment?: string;
	readonly empty_layer?: boolean;
}

/** An image config document. Source: OCI image-spec, config.md. */
export interface ImageConfigDocument {
	readonly created?: string;
	readonly author?: string;
	readonly architecture: string;
	readonly variant?: string;
	readonly os: string;
	readonly 'os.version'?: string;
	/** Docker's: the engine that made it, and the container it was made of. */
	readonly docker_version?: string;
	readonly container?: string;
	readonly config?: ImageExecConfig | null;
	readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] | null };
	readonly history?: readonly HistoryEntry[] | null;
}
