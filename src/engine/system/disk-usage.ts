import { codeOf } from '../../errors.ts';
import type { Container } from '../containers/model.ts';
import type { ContainerQueries, ContainerSize } from '../containers/service.ts';
import type { VolumeView } from '../volumes/service.ts';

/** A container with the bytes it takes. */
export interface ContainerUsage {
	readonly container: Container;
	readonly size: ContainerSize;
}

/** A volume with the bytes it takes (-1: not ours to count) and how many containers use it. */
export interface VolumeUsage {
	readonly volume: VolumeView;
	readonly size: number;
	readonly references: number;
}

/** What takes space. Who asks while the same is being counted shares the answer. */
export interface DiskUsage {
	containers(): Promise<readonly ContainerUsage[]>;
	volumes(): Promise<readonly VolumeUsage[]>;
}

export interface DiskUsageDependencies {
	readonly queries: Pick<ContainerQueries, 'list' | 'size'>;
	readonly volumes: () => readonly VolumeView[];
	/** How many containers use a volume. */
	readonly usersOf: (name: string) => number;
	readonly measure: (folder: string) => Promise<number>;
}

/** Wires the counting. */
export function createDiskUsage({ queries, volumes, usersOf, measure }: DiskUsageDependencies): DiskUsage {
	return {
		containers: shared(async () => {
			const all = queries.list({ all: true, limit: 0, filters: new Map() });
			return here(all.map(async (container) => ({ container, size: await queries.size(container) })));
		}),
		volumes: shared(() =>
			here(
				volumes().map(async (volume) => ({
					volume,
					size: volume.options === null ? await measure(volume.mountpoint) : -1,
					references: usersOf(volume.name),
				})),
			),
		),
	};
}

/** One run at a time, for all who ask meanwhile. */
function shared<T>(run: () => Promise<T>): () => Promise<T> {
	let running: Promise<T> | undefined;
	return () => {
		running ??= run().finally(() => {
			running = undefined;
		});
		return running;
	};
}

/** All but what was removed while it was counted. */
async function here<T>(counts: readonly Promise<T>[]): Promise<T[]> {
	const found: T[] = [];
	for (const outcome of await Promise.allSettled(counts)) {
		if (outcome.status === 'fulfilled') found.push(outcome.value);
		else if (codeOf(outcome.reason) !== 'not_found') throw outcome.reason;
	}
	return found;
}
