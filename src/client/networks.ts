import type { Network } from '../api/network.ts';
import { type ApiClient, encodeFilters } from './client.ts';

/** `/networks` of the API. Every call @throws EngineError with the daemon's message. */
export function networksOf(client: ApiClient) {
	return {
		list: (filters: ReadonlyMap<string, string[]>) =>
			client.json<Network[]>({ method: 'GET', path: '/networks', query: { filters: encodeFilters(filters) } }),
		inspect: (name: string, verbose = false) =>
			client.json<Network>({
				method: 'GET',
				path: `/networks/${encodeURIComponent(name)}`,
				query: { verbose: verbose || undefined },
			}),
	};
}
