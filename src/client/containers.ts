import type {
	ContainerConfig,
	ContainerCreateResponse,
	ContainerInspectResponse,
	ContainerSummary,
	ContainerTopResponse,
	ContainerUpdateResponse,
	ContainerWaitResponse,
	FilesystemChange,
	HostConfig,
	NetworkingConfig,
} from '../api/container.ts';
import { EngineError } from '../errors.ts';
import { type ApiClient, type ApiResponse, encodeFilters, type Hijacked, type Query, text } from './client.ts';

/** What `create` sends. */
export type CreateBody = ContainerConfig & { HostConfig: HostConfig; NetworkingConfig: NetworkingConfig };

/** What to show of a log; times as the API takes them (Unix seconds, or RFC 3339). */
export interface LogsQuery {
	readonly follow: boolean;
	readonly timestamps: boolean;
	readonly details: boolean;
	readonly tail: string;
	readonly since: string | undefined;
	readonly until: string | undefined;
}

/** Which streams to attach; `logs`: what was written before, too. */
export interface AttachQuery {
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly logs?: boolean;
	readonly detachKeys?: string;
}

/** Which end of a container to wait for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** What to make of a container. */
export interface CommitQuery {
	readonly container: string;
	readonly repo: string;
	readonly tag: string;
	readonly comment: string;
	readonly author: string;
	readonly changes: readonly string[];
	readonly pause: boolean;
}

/** What is at a path of a container. `mode`: Go's FileMode. */
export interface PathStat {
	readonly name: string;
	readonly size: number;
	readonly mode: number;
	readonly mtime: string;
	readonly linkTarget: string;
}

function pathStatOf({ headers }: ApiResponse): PathStat {
	const header = headers.get('x-docker-container-path-stat');
	if (header === undefined) throw new EngineError('unavailable', 'the daemon does not say what is at the path');
	return JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as PathStat;
}

const at = (id: string, rest = '') => `/containers/${encodeURIComponent(id)}${rest}`;

/** `/containers` of the API. Every call @throws EngineError with the daemon's message. */
export function containersOf(client: ApiClient) {
	const post = (path: string, query?: Query) => client.done({ method: 'POST', path, ...(query ? { query } : {}) });
	return {
		create: (body: CreateBody, name: string | undefined, platform: string | undefined) =>
			client.json<ContainerCreateResponse>({
				method: 'POST',
				path: '/containers/create',
				query: { name, platform },
				json: body,
			}),
		list: (query: { all: boolean; limit: number | undefined; size: boolean; filters: ReadonlyMap<string, string[]> }) =>
			client.json<ContainerSummary[]>({
				method: 'GET',
				path: '/containers/json',
				query: {
					all: query.all || undefined,
					limit: query.limit,
					size: query.size || undefined,
					filters: encodeFilters(query.filters),
				},
			}),
		inspect: (id: string, size = false) =>
			client.json<ContainerInspectResponse>({
				method: 'GET',
				path: at(id, '/json'),
				query: { size: size || undefined },
			}),
		start: (id: string) => post(at(id, '/start')),
		stop: (id: string, query: { t: number | undefined; signal: string | undefined }) => post(at(id, '/stop'), query),
		restart: (id: string, query: { t: number | undefined; signal: string | undefined }) =>
			post(at(id, '/restart'), query),
		kill: (id: string, signal: string) => post(at(id, '/kill'), { signal: signal === '' ? undefined : signal }),
		pause: (id: string) => post(at(id, '/pause')),
		unpause: (id: string) => post(at(id, '/unpause')),
		rename: (id: string, name: string) => post(at(id, '/rename'), { name }),
		resize: (id: string, size: { rows: number; columns: number }) =>
			post(at(id, '/resize'), { h: size.rows, w: size.columns }),
		/** What it uses: one reading, or one a second, each on a line. */
		stats: (id: string, stream: boolean): Promise<ApiResponse> =>
			client.send({ method: 'GET', path: at(id, '/stats'), query: { stream } }),
		update: (id: string, json: Partial<HostConfig>) =>
			client.json<ContainerUpdateResponse>({ method: 'POST', path: at(id, '/update'), json }),
		remove: (id: string, query: { force: boolean; v: boolean; link: boolean }) =>
			client.done({
				method: 'DELETE',
				path: at(id),
				query: { force: query.force || undefined, v: query.v || undefined, link: query.link || undefined },
			}),
		top: (id: string, psArgs: string) =>
			client.json<ContainerTopResponse>({
				method: 'GET',
				path: at(id, '/top'),
				query: { ps_args: psArgs === '' ? undefined : psArgs },
			}),
		changes: (id: string) => client.json<FilesystemChange[] | null>({ method: 'GET', path: at(id, '/changes') }),
		export: (id: string): Promise<ApiResponse> => client.send({ method: 'GET', path: at(id, '/export') }),
		/** What is at a path; a link at its end is not followed. */
		statPath: async (id: string, path: string): Promise<PathStat> =>
			pathStatOf(await client.send({ method: 'HEAD', path: at(id, '/archive'), query: { path } })),
		/** The tar of a path, with what is there. */
		async getArchive(id: string, path: string): Promise<{ stat: PathStat; body: AsyncIterable<Uint8Array> }> {
			const response = await client.send({ method: 'GET', path: at(id, '/archive'), query: { path } });
			return { stat: pathStatOf(response), body: response.body };
		},
		/** Unpacks a tar in a directory. `keepKind`: no directory for a file, nor the other way round. */
		putArchive: (
			id: string,
			path: string,
			options: { readonly keepKind: boolean; readonly asUser: boolean },
			body: AsyncIterable<Uint8Array>,
		) =>
			client.done({
				method: 'PUT',
				path: at(id, '/archive'),
				query: {
					path,
					noOverwriteDirNonDir: options.keepKind ? 'true' : undefined,
					copyUIDGID: options.asUser ? 'true' : undefined,
				},
				body,
			}),
		/** The id of the image that was made. */
		commit: async (query: CommitQuery): Promise<string> => {
			const { pause, ...rest } = query;
			const all = { ...rest, ...(pause ? {} : { pause: '0' }) };
			return (await client.json<{ Id: string }>({ method: 'POST', path: '/commit', query: all, json: {} })).Id;
		},
		logs: (id: string, query: LogsQuery): Promise<ApiResponse> =>
			client.send({
				method: 'GET',
				path: at(id, '/logs'),
				query: {
					stdout: true,
					stderr: true,
					follow: query.follow || undefined,
					timestamps: query.timestamps || undefined,
					details: query.details || undefined,
					tail: query.tail,
					since: query.since,
					until: query.until,
				},
			}),
		attach: (id: string, query: AttachQuery): Promise<Hijacked> =>
			client.hijack({
				method: 'POST',
				path: at(id, '/attach'),
				query: {
					stream: true,
					stdin: query.stdin || undefined,
					stdout: query.stdout || undefined,
					stderr: query.stderr || undefined,
					logs: query.logs || undefined,
					detachKeys: query.detachKeys === '' ? undefined : query.detachKeys,
				},
			}),
		wait: (id: string, condition: WaitCondition | undefined) => waitFor(client, id, condition),
		prune: (filters: ReadonlyMap<string, string[]>) =>
			client.json<{ ContainersDeleted?: string[] | null; SpaceReclaimed?: number }>({
				method: 'POST',
				path: '/containers/prune',
				query: { filters: encodeFilters(filters) },
			}),
	};
}

/** A wait that the daemon has registered. */
export interface Wait {
	/** The container's end. */
	readonly result: Promise<ContainerWaitResponse>;
	/** Gives up. */
	cancel(): void;
}

/** Returns once the daemon has taken the wait: an end after this is not missed. */
async function waitFor(client: ApiClient, id: string, condition: WaitCondition | undefined): Promise<Wait> {
	const response = await client.send({ method: 'POST', path: at(id, '/wait'), query: { condition } });
	const result = (async () => JSON.parse(await text(response.body)) as ContainerWaitResponse)();
	// A wait that is given up fails with nobody listening.
	result.catch(() => undefined);
	return { result, cancel: () => response.cancel() };
}
