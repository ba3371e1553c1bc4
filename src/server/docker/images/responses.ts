import type * as wire from '../../../api/image.ts';
import { compareVersions } from '../../../api/versions.ts';
import type { HistoryLine, Image, Removal } from '../../../engine/images/service.ts';
import type { ImageExecConfig } from '../../../oci/types.ts';

function seconds(time: string): number {
	const millis = Date.parse(time);
	return Number.isNaN(millis) ? 0 : Math.floor(millis / 1000);
}

/** An entry of `GET /images/json`. */
export function imageSummary(image: Image, containers: number): wire.ImageSummary {
	return {
		Id: image.id,
		ParentId: image.parentId ?? '',
		RepoTags: [...image.tags],
		RepoDigests: [...image.repoDigests],
		Created: seconds(image.createdAt),
		Size: image.size,
		SharedSize: -1,
		Labels: image.config.config?.Labels ?? null,
		Containers: containers,
	};
}

/** The answer of `GET /images/{name}/json`. Clients from 1.50 on are not told of the config's fields that are empty. */
export function imageInspect(image: Image, version: string): wire.ImageInspect {
	const { config } = image;
	const shown = imageConfig(config.config ?? {});
	return {
		Id: image.id,
		RepoTags: [...image.tags],
		RepoDigests: [...image.repoDigests],
		Parent: image.parentId ?? '',
		Comment: config.history?.at(-1)?.comment ?? '',
		Created: image.createdAt,
		DockerVersion: config.docker_version ?? '',
		Author: config.author ?? '',
		Config: compareVersions(version, '1.50') < 0 ? shown : withoutEmpty(shown),
		Architecture: config.architecture,
		...(config.variant === undefined ? {} : { Variant: config.variant }),
		Os: config.os,
		...(config['os.version'] === undefined ? {} : { OsVersion: config['os.version'] }),
		Size: image.size,
		GraphDriver: { Name: 'overlay2', Data: null },
		RootFS: { Type: 'layers', Layers: [...(config.rootfs.diff_ids ?? [])] },
		Metadata: { LastTagTime: image.lastTaggedAt ?? '0001-01-01T00:00:00Z' },
	};
}

function withoutEmpty(config: wire.ImageConfig): wire.ImageConfig {
	const filled = Object.entries(config).filter(([, value]) => value !== '' && value !== null);
	return Object.fromEntries(filled);
}

function imageConfig(config: ImageExecConfig): wire.ImageConfig {
	const keys = (map: Readonly<Record<string, unknown>> | null | undefined) =>
		map === null || map === undefined ? null : Object.fromEntries(Object.keys(map).map((key) => [key, {}]));
	const copy = (items: readonly string[] | null | undefined) => (items ? [...items] : null);
	const { Test, ...times } = config.Healthcheck ?? {};
	return {
		User: config.User ?? '',
		...(config.ExposedPorts ? { ExposedPorts: keys(config.ExposedPorts) } : {}),
		Env: copy(config.Env),
		Cmd: copy(config.Cmd),
		...(config.Healthcheck ? { Healthcheck: { ...times, ...(Test ? { Test: [...Test] } : {}) } } : {}),
		...(config.ArgsEscaped ? { ArgsEscaped: true } : {}),
		Volumes: keys(config.Volumes),
		WorkingDir: config.WorkingDir ?? '',
		Entrypoint: copy(config.Entrypoint),
		OnBuild: copy(config.OnBuild),
		Labels: config.Labels ?? null,
		...(config.StopSignal ? { StopSignal: config.StopSignal } : {}),
		...(config.Shell ? { Shell: [...config.Shell] } : {}),
	};
}

/** A line of `GET /images/{name}/history`. */
export function historyItem(line: HistoryLine): Record<string, unknown> {
	return {
		Id: line.id ?? '<missing>',
		Created: seconds(line.createdAt),
		CreatedBy: line.createdBy,
		Tags: line.tags.length === 0 ? null : [...line.tags],
		Size: line.size,
		Comment: line.comment,
	};
}

/** A line of what removing or pruning images did. */
export function removalItem(removal: Removal): wire.ImageDeleteResponseItem {
	return 'untagged' in removal ? { Untagged: removal.untagged } : { Deleted: removal.deleted };
}
