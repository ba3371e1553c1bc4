import { EngineError } from '../errors.ts';
import type { ByteDuplex } from '../lib/byte-duplex.ts';
import { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { connectError, errorOfResponse, requestText } from './errors.ts';
import { keepsAlive, type ResponseHead, readBody, readHead, sendRequest } from './http.ts';
import { authority, type Query, queryString } from './query.ts';

export type { Query };

/** The newest API version that this client speaks. */
export const maxApiVersion = '1.51';

/** Milliseconds for an ssh login to be answered; somebody may have to type a passphrase. */
const loginPatience = 120_000;

/** How to reach a daemon. */
export interface ClientOptions {
	readonly endpoint: Endpoint;
	/** Sent with every request. */
	readonly headers?: Readonly<Record<string, string>>;
	/** A fixed API version; null: the daemon's, at most {@link maxApiVersion}. */
	readonly apiVersion: string | null;
	/** Told of every request, for `--debug`. */
	readonly trace?: (line: string) => void;
}

/** A request below the version prefix. At most one of `json` and `body`. */
export interface ApiRequest {
	readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
	readonly path: string;
	readonly query?: Query;
	readonly headers?: Readonly<Record<string, string>>;
	readonly json?: unknown;
	/** A stream goes out chunked, as a tar archive. */
	readonly body?: AsyncIterable<Uint8Array>;
}

/** A successful response. The body is read at most once; unread, it holds its connection. */
export interface ApiResponse {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	readonly body: AsyncIterable<Uint8Array>;
	/** Drops the connection: the rest of the body is not wanted. */
	cancel(): void;
}

/** A hijacked connection. */
export interface Hijacked {
	readonly stream: ByteDuplex;
	/** Stdout and stderr come in frames; otherwise the bytes are those of a terminal. */
	readonly multiplexed: boolean | null;
}

/** HTTP to a daemon: connections, API version, errors. Resources are in the modules beside. */
export class ApiClient {
	private readonly idle: Connection[] = [];
	private version: string;

	constructor(private readonly options: ClientOptions) {
		this.version = options.apiVersion ?? maxApiVersion;
	}

	/** The daemon's address as it was given. */
	get host(): string {
		return this.options.endpoint.text;
	}

	/** The API version in use; the daemon's limit is known only after an answer. */
	get apiVersion(): string {
		return this.version;
	}

	/**
	 * Sends a request and reads the head of the answer.
	 * @throws EngineError by status (`not_found`, `conflict` …) with the daemon's message; `unavailable` without an answer.
	 */
	async send(request: ApiRequest): Promise<ApiResponse> {
		if (request.body !== undefined) await this.negotiate();
		const { connection, head } = await this.exchange(request, {});
		const body = this.bodyOf(connection, head, request.method);
		if (head.status >= 400) throw errorOfResponse(head.status, await text(body), request.path);
		return { status: head.status, headers: head.headers, body, cancel: () => connection.destroy() };
	}

	/** Sends a request and parses the JSON of the answer; undefined for an empty one. */
	async json<T>(request: ApiRequest): Promise<T> {
		const body = await text((await this.send(request)).body);
		return body === '' ? (undefined as T) : (JSON.parse(body) as T);
	}

	/** Sends a request whose answer says nothing more than that it was done. */
	async done(request: ApiRequest): Promise<void> {
		await text((await this.send(request)).body);
	}

	/** Sends a request and takes its connection over as a raw stream. */
	async hijack(request: ApiRequest): Promise<Hijacked> {
		const { connection, head } = await this.exchange(request, { Connection: 'Upgrade', Upgrade: 'tcp' });
		if (head.status >= 400) {
			throw errorOfResponse(head.status, await text(this.bodyOf(connection, head, request.method)), request.path);
		}
		if (head.status !== 101 && head.status !== 200) {
			connection.destroy();
			throw new EngineError('unavailable', `unable to upgrade to tcp, received ${head.status}`);
		}
		const type = head.headers.get('content-type');
		const multiplexed =
			type === 'application/vnd.docker.multiplexed-stream' ? true : type === undefined ? null : undefined;
		return { stream: connection, multiplexed: multiplexed === undefined ? null : multiplexed };
	}

	/** A connection of its own, for bytes that the caller understands. */
	dial(): Promise<ByteDuplex> {
		return this.connect(requestText('GET', this.options.endpoint, ''));
	}

	/** Asks the daemon for its newest API version and takes the lower of the two. */
	async negotiate(): Promise<void> {
		if (this.options.apiVersion !== null || this.negotiated) return;
		const { connection, head } = await this.exchange({ method: 'HEAD', path: '/_ping' }, {}, false);
		await text(this.bodyOf(connection, head, 'HEAD'));
		this.negotiatedFrom(head);
	}

	/** Closes what is open. */
	close(): void {
		for (const connection of this.idle.splice(0)) connection.destroy();
	}

	private negotiated = false;

	private negotiatedFrom(head: ResponseHead): void {
		const theirs = head.headers.get('api-version');
		if (theirs !== undefined && this.options.apiVersion === null) this.lowerTo(theirs);
		this.negotiated = true;
	}

	private lowerTo(version: string): void {
		if (compareVersions(version, this.version) < 0) this.version = version;
	}

	private async exchange(
		request: ApiRequest,
		extra: Readonly<Record<string, string>>,
		versioned = true,
	): Promise<{ connection: Connection; head: ResponseHead }> {
		const connection = this.takeIdle() ?? (await this.connectForRequests(request, versioned));
		const used = this.version;
		const head = await this.attempt(connection, request, extra, versioned);
		if (head.status !== 400 || !versioned || this.options.apiVersion !== null) return { connection, head };
		// Our version may be too new for this daemon: go down to its own and ask again.
		const body = await text(this.bodyOf(connection, head, request.method));
		const newest = /client version \S+ is too new\. Maximum supported API version is (\d+\.\d+)/.exec(body)?.[1];
		if (newest !== undefined) this.lowerTo(newest);
		if (newest === undefined || request.body !== undefined || this.version === used) {
			throw errorOfResponse(head.status, body, request.path);
		}
		return this.exchange(request, extra, versioned);
	}

	private async attempt(
		connection: Connection,
		request: ApiRequest,
		extra: Readonly<Record<string, string>>,
		versioned: boolean,
	): Promise<ResponseHead> {
		const { endpoint } = this.options;
		const path = this.pathOf(request, versioned);
		this.options.trace?.(`${request.method} ${path}`);
		const body =
			request.json === undefined ? (request.body ?? null) : new TextEncoder().encode(JSON.stringify(request.json));
		try {
			await sendRequest(connection, {
				method: request.method,
				path,
				host: endpoint.kind === 'tcp' ? authority(endpoint) : 'api.gantry.localhost',
				headers: {
					'User-Agent': 'Gantry-Client',
					...this.options.headers,
					...(request.json === undefined ? {} : { 'Content-Type': 'application/json' }),
					...(request.body === undefined ? {} : { 'Content-Type': 'application/x-tar' }),
					...request.headers,
					...extra,
				},
				body,
			});
			return await readHead(connection);
		} catch (error) {
			connection.destroy();
			if (!(error instanceof EngineError)) {
				throw connectError(error, endpoint, requestText(request.method, endpoint, path));
			}
			throw new EngineError(
				error.code,
				`error during connect: ${request.method} ${endpoint.text}${path}: ${error.message}`,
				{
					cause: error,
				},
			);
		}
	}

	/** What goes over the wire as the path, with its query. */
	private pathOf(request: ApiRequest, versioned: boolean): string {
		const { endpoint } = this.options;
		const prefix = `${endpoint.kind === 'tcp' ? endpoint.basePath : ''}${versioned ? `/v${this.version}` : ''}`;
		return `${prefix}${request.path}${queryString(request.query ?? {})}`;
	}

	/** A login may hang at either end, and only an answer tells that it stands. */
	private async connectForRequests(request: ApiRequest, versioned: boolean): Promise<Connection> {
		const { endpoint } = this.options;
		const connection = await this.connect(requestText(request.method, endpoint, this.pathOf(request, versioned)));
		if (endpoint.kind !== 'ssh') return connection;
		let late = false;
		const timer = setTimeout(() => {
			late = true;
			connection.destroy();
		}, loginPatience);
		try {
			const head = await this.attempt(connection, { method: 'HEAD', path: '/_ping' }, {}, false);
			this.negotiatedFrom(head);
			return connection;
		} catch (error) {
			if (!late) throw error;
			const why = `no answer over ssh after ${loginPatience / 1000} s`;
			throw new EngineError('timeout', `error during connect: ${this.host}: ${why}`, { cause: error });
		} finally {
			clearTimeout(timer);
		}
	}

	/** `asked`: the request that needs it, for an error. */
	private async connect(asked: string): Promise<Connection> {
		try {
			return await Connection.open(this.options.endpoint);
		} catch (error) {
			throw connectError(error, this.options.endpoint, asked);
		}
	}

	private takeIdle(): Connection | undefined {
		for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
			if (connection.idle) return connection;
			connection.destroy();
		}
		return undefined;
	}

	private async *bodyOf(connection: Connection, head: ResponseHead, method: string): AsyncGenerator<Uint8Array> {
		let complete = false;
		try {
			yield* readBody(connection, head, method);
			complete = true;
		} finally {
			if (complete && keepsAlive(head)) this.idle.push(connection);
			else connection.destroy();
		}
	}
}

/** A body's bytes as text. */
export async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
	const decoder = new TextDecoder();
	let all = '';
	for await (const chunk of body) all += decoder.decode(chunk, { stream: true });
	return all + decoder.decode();
}

/** The JSON values of a stream of lines, as they come. */
export async function* jsonLines<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
	for await (const line of textLines(body)) yield JSON.parse(line) as T;
}

/** The lines of a stream that are not blank, as they come. */
export async function* textLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const chunk of body) {
		rest += decoder.decode(chunk, { stream: true });
		const lines = rest.split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) if (line.trim() !== '') yield line.trim();
	}
	rest += decoder.decode();
	if (rest.trim() !== '') yield rest.trim();
}

/** `filters` of a query from `name=value` pairs, as the wire wants them; undefined when there are none. */
export function encodeFilters(filters: ReadonlyMap<string, readonly string[]>): string | undefined {
	if (filters.size === 0) return undefined;
	return JSON.stringify(
		Object.fromEntries(
			[...filters]
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([name, values]) => [name, Object.fromEntries(values.map((v) => [v, true]))]),
		),
	);
}

/** Negative, zero, positive: `a` older than, same as, newer than `b`. */
export function compareVersions(a: string, b: string): number {
	const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
	const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
	return aMajor - bMajor || aMinor - bMinor;
}
