import type { ImageDeleteResponseItem } from '../api/image.ts';
import { type ApiClient, encodeFilters } from './client.ts';

type Filters = ReadonlyMap<string, string[]>;

/** `…/prune` of the API. Every call @throws EngineError with the daemon's message. */
export function pruneOf(client: ApiClient) {
	const post = <T>(path: string, filters: Filters) =>
		client.json<T>({ method: 'POST', path, query: { filters: encodeFilters(filters) } });
	return {
		containers: (filters: Filters) =>
			post<{ ContainersDeleted?: string[] | null; SpaceReclaimed?: number }>('/containers/prune', filters),
		images: (filters: Filters) =>
			post<{ ImagesDeleted?: ImageDeleteResponseItem[] | null; SpaceReclaimed?: number }>('/images/prune', filters),
		networks: (filters: Filters) => post<{ NetworksDeleted?: string[] | null }>('/networks/prune', filters),
		volumes: (filters: Filters) =>
			post<{ VolumesDeleted?: string[] | null; SpaceReclaimed?: number }>('/volumes/prune', filters),
		/** `keep` in bytes, 0: nothing. */
		buildCache: (filters: Filters, { all, keep }: { all: boolean; keep: number }) =>
			client.json<{ CachesDeleted?: string[] | null; SpaceReclaimed?: number }>({
				method: 'POST',
				path: '/build/prune',
				query: {
					all: all || undefined,
					'keep-storage': keep === 0 ? undefined : keep,
					filters: encodeFilters(filters) ?? '',
				},
			}),
	};
}
