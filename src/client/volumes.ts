import type { Volume } from '../api/volume.ts';
import type { ApiClient } from './client.ts';

/** `/volumes` of the API. Every call @throws EngineError with the daemon's message. */
export function volumesOf(client: ApiClient) {
	return {
		inspect: (name: string) => client.json<Volume>({ method: 'GET', path: `/volumes/${encodeURIComponent(name)}` }),
	};
}
