import type { Volume, VolumeCreateOptions, VolumeListResponse } from '../api/volume.ts';
import { type ApiClient, encodeFilters } from './client.ts';

/** What a client needs of a volume of the cluster. */
export interface ClusterVolume {
	readonly ID?: string;
	readonly Version?: { readonly Index?: number };
	readonly Spec?: Readonly<Record<string, unknown>>;
}

/** The body of a create. The specification of a cluster volume is as Docker's daemons read it. */
export type CreateVolumeBody = Omit<VolumeCreateOptions, 'ClusterVolumeSpec'> & {
	readonly ClusterVolumeSpec?: Readonly<Record<string, unknown>>;
};

/** `/volumes` of the API. Every call @throws EngineError with the daemon's message. */
export function volumesOf(client: ApiClient) {
	const inspect = <T>(name: string) => client.json<T>({ method: 'GET', path: `/volumes/${encodeURIComponent(name)}` });
	return {
		create: (json: CreateVolumeBody) => client.json<Volume>({ method: 'POST', path: '/volumes/create', json }),
		async list(filters: ReadonlyMap<string, string[]>): Promise<readonly Volume[]> {
			const query = { filters: encodeFilters(filters) };
			return (await client.json<VolumeListResponse>({ method: 'GET', path: '/volumes', query })).Volumes ?? [];
		},
		inspect: (name: string) => inspect<Volume>(name),
		inspectCluster: (name: string) => inspect<{ readonly ClusterVolume?: ClusterVolume | null }>(name),
		/** Changes a volume of the cluster, unless it changed since that version. */
		update: (id: string, version: number, json: { readonly Spec: ClusterVolume['Spec'] }) =>
			client.done({ method: 'PUT', path: `/volumes/${encodeURIComponent(id)}`, query: { version }, json }),
		remove: (name: string, force: boolean) =>
			client.done({
				method: 'DELETE',
				path: `/volumes/${encodeURIComponent(name)}`,
				query: { force: force || undefined },
			}),
	};
}
