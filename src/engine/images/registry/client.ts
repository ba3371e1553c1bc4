import { EngineError } from '../../../errors.ts';
import { maxManifestSize } from '../../../oci/documents.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { isTag, type Reference } from '../../../oci/reference.ts';
import type { Descriptor } from '../../../oci/types.ts';
import type { RegistryAuth } from '../service.ts';
import { type Authorizer, createAuthorizer } from './auth.ts';
import type { Patience, RegistryConfig } from './config.ts';
import type { RegistryEndpoint, RegistryEndpoints } from './endpoints.ts';
import { errorOfResponse, type RegistryError } from './errors.ts';
import { ConnectionError, pause, type RegistryResponse, readWhole, send } from './http.ts';

/** One repository of a registry, for the time of one pull. */
export interface Repository {
	/** The bytes of a manifest or index, not verified. `which`: a tag or digest. @throws RegistryError, ConnectionError. */
	manifest(which: string, signal: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }>;
	/** The names of all tags. @throws RegistryError, ConnectionError, EngineError `corrupt`. */
	tags(signal: AbortSignal): Promise<string[]>;
	/**
	 * A blob's bytes, not verified but never more or less than the descriptor says. A connection that breaks is
	 * taken up again where it broke. @throws RegistryError, ConnectionError, EngineError `corrupt` or `cancelled`.
	 */
	blob(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

interface Session {
	readonly endpoint: RegistryEndpoint;
	readonly authorizer: Authorizer;
}

/** Of a list of tags. */
const maxTagPages = 1000;

const manifestTypes = [
	mediaTypes.dockerManifest,
	mediaTypes.dockerManifestList,
	mediaTypes.ociManifest,
	mediaTypes.ociIndex,
	mediaTypes.dockerSchema1Signed,
	'application/json;q=0.5',
].join(', ');

/** Opens a repository; nothing is sent until something is asked for. */
export function openRepository(
	reference: Reference,
	auth: RegistryAuth | null,
	deps: { readonly config: RegistryConfig; readonly endpoints: RegistryEndpoints },
): Repository {
	const { config, endpoints } = deps;
	const { patience } = config;
	let chosen: Session | undefined;

	const ask = async (session: Session, path: string, extra: Record<string, string>, signal: AbortSignal) => {
		const { endpoint, authorizer } = session;
		for (let round = 0; ; round++) {
			const authorization = authorizer.header();
			const response = await send(
				{
					url: `${endpoint.base}/v2/${reference.path}/${path}`,
					headers: {
						'user-agent': config.userAgent,
						...extra,
						...(authorization === undefined ? {} : { authorization }),
					},
					verifyTls: endpoint.verifyTls,
					signal,
				},
				patience,
			);
			if (response.status !== 401 || round === 1) return accept(response);
			// Another request may have got a new token while this one was on its way.
			if (authorizer.header() === authorization && !(await authorizer.answer(response, signal)))
				return accept(response);
			response.drop();
		}
	};

	const fetchManifest = (session: Session, which: string, retryConnection: boolean, signal: AbortSignal) =>
		retrying(patience, retryConnection, signal, async () => {
			const response = await ask(session, `manifests/${which}`, { accept: manifestTypes }, signal);
			const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
			return { bytes: await readWhole(response, maxManifestSize, 'the manifest'), mediaType };
		});

	const readTags = (session: Session, retryConnection: boolean, signal: AbortSignal) =>
		retrying(patience, retryConnection, signal, async () => {
			const found: string[] = [];
			let path: string | undefined = 'tags/list';
			for (let page = 0; path !== undefined && page < maxTagPages; page++) {
				const response = await ask(session, path, {}, signal);
				found.push(...parseTags(await readWhole(response, maxManifestSize, 'the list of tags')));
				path = nextPage(response.headers.get('link'), reference.path);
			}
			return found;
		});

	/** The first request finds the endpoint that serves; the others stay with it. */
	const onEndpoint = async <R>(
		request: (session: Session, retryConnection: boolean) => Promise<R>,
		signal: AbortSignal,
	): Promise<R> => {
		if (chosen !== undefined) return request(chosen, true);
		let failure: unknown = new EngineError('internal', 'no endpoint');
		const candidates = endpoints.of(reference.domain);
		for (const endpoint of candidates) {
			const session = { endpoint, authorizer: createAuthorizer(endpoint, reference.path, auth, config) };
			try {
				// Where there is another endpoint to go to, that is the second attempt.
				const result = await request(session, candidates.length === 1);
				chosen = session;
				endpoints.worked(reference.domain, endpoint);
				return result;
			} catch (error) {
				if (signal.aborted || !(error instanceof ConnectionError || endpoint.mirror)) throw error;
				failure = error;
			}
		}
		throw failure;
	};

	return {
		manifest: (which, signal) => onEndpoint((session, retry) => fetchManifest(session, which, retry, signal), signal),
		tags: (signal) => onEndpoint((session, retry) => readTags(session, retry, signal), signal),
		blob(descriptor, signal) {
			const session = chosen;
			if (session === undefined) throw new EngineError('internal', 'a blob was asked for before its manifest');
			const open = (offset: number) =>
				ask(session, `blobs/${descriptor.digest}`, offset === 0 ? {} : { range: `bytes=${offset}-` }, signal);
			return resumingBlob(descriptor, open, patience, signal);
		},
	};
}

/** @throws EngineError `corrupt`. */
function parseTags(bytes: Uint8Array): string[] {
	try {
		const body: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
		const tags = typeof body === 'object' && body !== null && 'tags' in body ? (body.tags ?? []) : undefined;
		if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && isTag(tag))) return tags;
	} catch (error) {
		throw new EngineError('corrupt', 'the list of tags is not JSON', { cause: error });
	}
	throw new EngineError('corrupt', 'the list of tags is not valid');
}

/** The path of the next page by a `Link` header, within the same repository. */
function nextPage(link: string | null, repository: string): string | undefined {
	const target = /^<([^>]*)>; *rel="?next"?/.exec(link ?? '')?.[1];
	const query = target?.includes(`/v2/${repository}/tags/list?`) ? target.slice(target.indexOf('?')) : undefined;
	return query === undefined ? undefined : `tags/list${query}`;
}

/** An answer that may be asked for again, after `waitMs` when the server says so. */
class TryLater extends Error {
	constructor(
		readonly failure: RegistryError,
		readonly waitMs: number | undefined,
	) {
		super(failure.message);
	}
}

/** Passes a success on. @throws RegistryError, TryLater. */
async function accept(response: RegistryResponse): Promise<RegistryResponse> {
	if (response.status === 200 || response.status === 206) return response;
	const failure = await errorOfResponse(response);
	if (response.status !== 429 && response.status < 500) throw failure;
	throw new TryLater(failure, retryAfter(response.headers.get('retry-after')));
}

/** Milliseconds of a `Retry-After` header: seconds or a date. */
function retryAfter(header: string | null): number | undefined {
	if (header === null) return undefined;
	const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Decides on a failed attempt: waits for the next one, or throws what to tell. */
async function beforeNextAttempt(
	error: unknown,
	failures: number,
	patience: Patience,
	signal: AbortSignal,
): Promise<void> {
	const told = error instanceof TryLater ? error.failure : error;
	if (signal.aborted) throw new EngineError('cancelled', 'context canceled', { cause: error });
	if (!(error instanceof TryLater || error instanceof ConnectionError) || failures >= patience.attempts) throw told;
	const asked = error instanceof TryLater ? error.waitMs : undefined;
	if (asked !== undefined && asked > patience.maxRetryAfterMs) throw told;
	const backoff = patience.backoffMs * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
	await pause(asked ?? backoff, signal);
}

async function retrying<R>(
	patience: Patience,
	retryConnection: boolean,
	signal: AbortSignal,
	attempt: () => Promise<R>,
): Promise<R> {
	for (let failures = 1; ; failures++) {
		try {
			return await attempt();
		} catch (error) {
			// Nobody listens there: asking again would only make people wait.
			if (error instanceof ConnectionError && (error.refused || !retryConnection)) throw error;
			await beforeNextAttempt(error, failures, patience, signal);
		}
	}
}

async function* resumingBlob(
	descriptor: Descriptor,
	open: (offset: number) => Promise<RegistryResponse>,
	patience: Patience,
	signal: AbortSignal,
): AsyncIterable<Uint8Array> {
	let offset = 0;
	for (let failures = 0; ; ) {
		try {
			const response = await open(offset);
			for await (const chunk of bodyFrom(response, offset, descriptor)) {
				if (offset + chunk.length > descriptor.size) throw lengthError(descriptor, `more than ${descriptor.size}`);
				offset += chunk.length;
				failures = 0;
				yield chunk;
			}
			if (offset === descriptor.size) return;
			throw new ConnectionError(`${response.url}: unexpected EOF after ${offset} of ${descriptor.size} bytes`);
		} catch (error) {
			failures++;
			await beforeNextAttempt(error, failures, patience, signal);
		}
	}
}

/** The body from `offset` on, also of a server that answers a range with the whole. */
async function* bodyFrom(
	response: RegistryResponse,
	offset: number,
	descriptor: Descriptor,
): AsyncIterable<Uint8Array> {
	const partial = response.status === 206;
	if (partial && !response.headers.get('content-range')?.startsWith(`bytes ${offset}-`)) {
		response.drop();
		throw new EngineError(
			'unavailable',
			`the registry answered with another range of ${descriptor.digest} than asked for`,
		);
	}
	const length = response.headers.get('content-length');
	const expected = partial ? descriptor.size - offset : descriptor.size;
	if (length !== null && !response.headers.has('content-encoding') && Number(length) !== expected) {
		response.drop();
		throw lengthError(descriptor, length);
	}
	let skip = partial ? 0 : offset;
	for await (const chunk of response.body) {
		if (skip >= chunk.length) skip -= chunk.length;
		else {
			yield skip === 0 ? chunk : chunk.subarray(skip);
			skip = 0;
		}
	}
}

function lengthError(descriptor: Descriptor, offered: string): EngineError {
	return new EngineError(
		'corrupt',
		`the registry offers ${offered} bytes for ${descriptor.digest}, its descriptor says ${descriptor.size}`,
	);
}
