import type { CreateImageInfo, ImageDeleteResponseItem, ImageInspect, ImageSummary } from '../api/image.ts';
import { type ApiClient, type ApiResponse, encodeFilters, jsonLines } from './client.ts';

/** A message of a pull, push, load or import. */
export type ImageProgress = CreateImageInfo & { readonly stream?: string | undefined; readonly aux?: unknown };

/** A step of an image's history. */
export interface HistoryItem {
	readonly Id: string;
	readonly Created: number;
	readonly CreatedBy: string;
	readonly Tags: readonly string[] | null;
	readonly Size: number;
	readonly Comment: string;
}

// A reference keeps its slashes in the path.
const at = (name: string, rest = '') => `/images/${name.split('/').map(encodeURIComponent).join('/')}${rest}`;

/** `/images` of the API. Every call @throws EngineError with the daemon's message. */
export function imagesOf(client: ApiClient) {
	return {
		list: (query: { all: boolean; digests: boolean; filters: ReadonlyMap<string, string[]> }) =>
			client.json<ImageSummary[]>({
				method: 'GET',
				path: '/images/json',
				query: {
					all: query.all || undefined,
					digests: query.digests || undefined,
					filters: encodeFilters(query.filters),
				},
			}),
		inspect: (name: string) => client.json<ImageInspect>({ method: 'GET', path: at(name, '/json') }),
		history: (name: string, platform: string | undefined) =>
			client.json<HistoryItem[]>({ method: 'GET', path: at(name, '/history'), query: { platform } }),
		tag: (name: string, repo: string, tag: string | undefined) =>
			client.done({ method: 'POST', path: at(name, '/tag'), query: { repo, tag } }),
		remove: (name: string, query: { force: boolean; noprune: boolean; platforms: readonly string[] }) =>
			client.json<ImageDeleteResponseItem[] | null>({
				method: 'DELETE',
				path: at(name),
				query: { force: query.force || undefined, noprune: query.noprune || undefined, platforms: query.platforms },
			}),
		/** `auth`: X-Registry-Auth, base64url of JSON; '' for none. */
		async *pull(query: {
			fromImage: string;
			tag: string;
			platform: string | undefined;
			auth: string;
		}): AsyncGenerator<ImageProgress> {
			const { auth, ...rest } = query;
			const headers: Record<string, string> = auth === '' ? {} : { 'X-Registry-Auth': auth };
			const response = await client.send({ method: 'POST', path: '/images/create', query: rest, headers });
			yield* jsonLines<ImageProgress>(response.body);
		},
		async *push(
			name: string,
			query: { tag: string; platform: string | undefined; auth: string },
		): AsyncGenerator<ImageProgress> {
			const response = await client.send({
				method: 'POST',
				path: at(name, '/push'),
				query: { tag: query.tag === '' ? undefined : query.tag, platform: query.platform },
				headers: { 'X-Registry-Auth': query.auth },
			});
			yield* jsonLines<ImageProgress>(response.body);
		},
		import: (
			source: { kind: 'url'; url: string } | { kind: 'archive'; body: AsyncIterable<Uint8Array> },
			query: { repo: string; message: string; changes: readonly string[]; platform: string },
		): Promise<ApiResponse> =>
			client.send({
				method: 'POST',
				path: '/images/create',
				query: {
					fromSrc: source.kind === 'url' ? source.url : '-',
					repo: query.repo === '' ? undefined : query.repo,
					message: query.message === '' ? undefined : query.message,
					changes: query.changes,
					platform: query.platform === '' ? undefined : query.platform.toLowerCase(),
				},
				...(source.kind === 'archive' ? { body: source.body } : {}),
			}),
		load: (
			body: AsyncIterable<Uint8Array>,
			query: { quiet: boolean; platforms: readonly string[] },
		): Promise<ApiResponse> =>
			client.send({
				method: 'POST',
				path: '/images/load',
				query: { quiet: query.quiet, platform: query.platforms },
				body,
			}),
		save: (names: readonly string[], platforms: readonly string[]): Promise<ApiResponse> =>
			client.send({ method: 'GET', path: '/images/get', query: { names, platform: platforms } }),
		prune: (filters: ReadonlyMap<string, string[]>) =>
			client.json<{ ImagesDeleted?: ImageDeleteResponseItem[] | null; SpaceReclaimed?: number }>({
				method: 'POST',
				path: '/images/prune',
				query: { filters: encodeFilters(filters) },
			}),
	};
}
