/** Wire types of the Docker Engine API: image. Source: Engine API 1.51, definitions. Every field may be absent on the wire. */
import type { DriverData, HealthConfig } from './container.ts';

export type ImageConfig = {
	User?: string | undefined;
	ExposedPorts?: Record<string, Record<string, unknown>> | null | undefined;
	Env?: string[] | null | undefined;
	Cmd?: string[] | null | undefined;
	Healthcheck?: HealthConfig | undefined;
	ArgsEscaped?: boolean | null | undefined;
	Volumes?: Record<string, Record<string, unknown>> | null | undefined;
	WorkingDir?: string | undefined;
	Entrypoint?: string[] | null | undefined;
	OnBuild?: string[] | null | undefined;
	Labels?: Record<string, string> | null | undefined;
	StopSignal?: string | null | undefined;
	Shell?: string[] | null | undefined;
};

export type ImageInspect = {
	Id?: string | undefined;
	Descriptor?: OCIDescriptor | null | undefined;
	Manifests?: ImageManifestSummary[] | null | undefined;
	RepoTags?: string[] | null | undefined;
	RepoDigests?: string[] | null | undefined;
	Parent?: string | undefined;
	Comment?: string | undefined;
	Created?: string | null | undefined;
	DockerVersion?: string | undefined;
	Author?: string | undefined;
	Config?: ImageConfig | undefined;
	Architecture?: string | undefined;
	Variant?: string | null | undefined;
	Os?: string | undefined;
	OsVersion?: string | null | undefined;
	Size?: number | undefined;
	GraphDriver?: DriverData | undefined;
	RootFS?:
		| {
				Type?: string | undefined;
				Layers?: string[] | null | undefined;
		  }
		| undefined;
	Metadata?:
		| {
				LastTagTime?: string | null | undefined;
		  }
		| undefined;
};

export type ImageSummary = {
	Id?: string | undefined;
	ParentId?: string | undefined;
	RepoTags?: string[] | null | undefined;
	RepoDigests?: string[] | null | undefined;
	Created?: number | undefined;
	Size?: number | undefined;
	SharedSize?: number | undefined;
	Labels?: Record<string, string> | null | undefined;
	Containers?: number | undefined;
	Manifests?: ImageManifestSummary[] | null | undefined;
	Descriptor?: OCIDescriptor | null | undefined;
};

export type ImageDeleteResponseItem = {
	Untagged?: string | undefined;
	Deleted?: string | undefined;
};

export type ImageManifestSummary = {
	ID?: string | undefined;
	Descriptor?: OCIDescriptor | undefined;
	Available?: boolean | undefined;
	Size?:
		| {
				Total?: number | undefined;
				Content?: number | undefined;
		  }
		| undefined;
	Kind?: 'image' | 'attestation' | 'unknown' | undefined;
	ImageData?:
		| {
				Platform?: OCIPlatform | null | undefined;
				Containers?: string[] | null | undefined;
				Size?:
					| {
							Unpacked?: number | undefined;
					  }
					| undefined;
		  }
		| null
		| undefined;
	AttestationData?:
		| {
				For?: string | undefined;
		  }
		| null
		| undefined;
};

export type OCIDescriptor = {
	mediaType?: string | undefined;
	digest?: string | undefined;
	size?: number | undefined;
	urls?: string[] | null | undefined;
	annotations?: Record<string, string> | null | undefined;
	data?: string | null | undefined;
	platform?: OCIPlatform | null | undefined;
	artifactType?: string | null | undefined;
};

export type OCIPlatform = {
	architecture?: string | undefined;
	os?: string | undefined;
	'os.version'?: string | undefined;
	'os.features'?: string[] | null | undefined;
	variant?: string | undefined;
};

export type CreateImageInfo = {
	id?: string | undefined;
	error?: string | null | undefined;
	errorDetail?: ErrorDetail | undefined;
	status?: string | undefined;
	progress?: string | null | undefined;
	progressDetail?: ProgressDetail | undefined;
};

export type PushImageInfo = {
	error?: string | null | undefined;
	errorDetail?: ErrorDetail | undefined;
	status?: string | undefined;
	progress?: string | null | undefined;
	progressDetail?: ProgressDetail | undefined;
};

export type ImageID = {
	ID?: string | undefined;
};

export type ProgressDetail = {
	current?: number | undefined;
	total?: number | undefined;
};

export type ErrorDetail = {
	code?: number | undefined;
	message?: string | undefined;
};
