import type { ContainerFiles } from '../../engine/containers/files/service.ts';
import type {
	ContainerControls,
	ContainerQueries,
	ContainerStreams,
	ContainerVerbs,
	Execs,
} from '../../engine/containers/service.ts';
import type { ContainerStatistics } from '../../engine/containers/stats/statistics.ts';
import type { ImageSources, ImageStore, RegistryLogin } from '../../engine/images/service.ts';
import type { NetworkQueries } from '../../engine/networks/service.ts';
import type { DiskUsage } from '../../engine/system/disk-usage.ts';
import type { Pruning } from '../../engine/system/prune.ts';
import type { System } from '../../engine/system/service.ts';
import type { VolumeService } from '../../engine/volumes/service.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Logger } from '../../lib/logger.ts';
import { controlRoutes } from './containers/control-handlers.ts';
import { fileRoutes } from './containers/file-handlers.ts';
import { containerRoutes } from './containers/handlers.ts';
import { statsRoutes } from './containers/stats-handlers.ts';
import { streamRoutes } from './containers/stream-handlers.ts';
import { execRoutes } from './exec/handlers.ts';
import { imageRoutes } from './images/handlers.ts';
import { networkRoutes } from './networks/handlers.ts';
import { notServedRoutes } from './not-served.ts';
import type { Route } from './router.ts';
import { systemRoutes } from './system/handlers.ts';
import { volumeRoutes } from './volumes/handlers.ts';

/** The engine as the Docker door needs it. `moreRoutes` come before the ones that are not served. */
export interface DockerServices {
	readonly containers: ContainerVerbs;
	readonly streams: ContainerStreams;
	readonly queries: ContainerQueries;
	readonly execs: Execs;
	readonly controls: ContainerControls;
	readonly statistics: ContainerStatistics;
	readonly files: ContainerFiles;
	readonly images: ImageStore;
	readonly imageSources: ImageSources;
	readonly networks: NetworkQueries;
	readonly volumes: VolumeService;
	readonly system: System;
	readonly diskUsage: DiskUsage;
	readonly pruning: Pruning;
	readonly registryLogin: RegistryLogin;
	readonly events: EventBus;
	readonly log: Logger;
	readonly moreRoutes?: readonly Route[];
	/** Called for every request. */
	readonly onRequest?: () => void;
}

/** All routes in the order of search. */
export function dockerRoutes(services: DockerServices): readonly Route[] {
	return [
		...systemRoutes(services),
		...containerRoutes(services),
		...streamRoutes(services.streams),
		...controlRoutes(services.controls),
		...statsRoutes(services.statistics),
		...fileRoutes(services.files),
		...execRoutes(services.execs),
		...imageRoutes(services),
		...networkRoutes(services.networks),
		...volumeRoutes(services.volumes),
		...(services.moreRoutes ?? []),
		...notServedRoutes(),
	];
}
