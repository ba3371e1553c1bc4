import { parseFilters, queryFlag } from '../../../api/query.ts';
import type { ContainerQueries } from '../../../engine/containers/service.ts';
import type { ImageSources, ImageStore, Progress } from '../../../engine/images/service.ts';
import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import { parsePlatform } from '../../../oci/platform.ts';
import type { Platform } from '../../../oci/types.ts';
import { bodyStream, type Exchange, param, sendEmpty, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';
import { sendProgress } from './progress.ts';
import { parseRegistryAuth } from './registry-auth.ts';
import { historyItem, imageInspect, imageSummary, removalItem } from './responses.ts';

/** What these handlers call. */
export interface ImageServices {
	readonly images: ImageStore;
	readonly imageSources: ImageSources;
	readonly queries: ContainerQueries;
}

/** `…/images/…`. */
export function imageRoutes(services: ImageServices): readonly Route[] {
	const { images } = services;
	const name = (exchange: Exchange) => param(exchange, 'name');
	return [
		{ method: 'GET', pattern: '/images/json', handler: (exchange) => list(services, exchange) },
		{ method: 'POST', pattern: '/images/create', handler: (exchange) => create(services.imageSources, exchange) },
		{ method: 'POST', pattern: '/images/load', handler: (exchange) => load(services.imageSources, exchange) },
		{
			method: 'GET',
			pattern: '/images/{name...}/json',
			handler: async (exchange) => sendJson(exchange, imageInspect(await images.get(name(exchange)), exchange.version)),
		},
		{
			method: 'GET',
			pattern: '/images/{name...}/history',
			handler: async (exchange) => sendJson(exchange, (await images.history(name(exchange))).map(historyItem)),
		},
		{
			method: 'POST',
			pattern: '/images/{name...}/tag',
			async handler(exchange) {
				const { query, caller } = exchange;
				await images.tag(name(exchange), query.get('repo') ?? '', query.get('tag') ?? '', caller);
				sendEmpty(exchange, 201);
			},
		},
		{ method: 'DELETE', pattern: '/images/{name...}', handler: (exchange) => remove(images, exchange) },
	];
}

async function list(services: ImageServices, exchange: Exchange): Promise<void> {
	const { query } = exchange;
	const filters = new Map(parseFilters(query.get('filters')));
	// Before API 1.44 the reference filter had a parameter of its own.
	const legacy = query.get('filter');
	if (legacy) filters.set('reference', [legacy]);
	const images = await services.images.list({ all: queryFlag(query, 'all'), filters });
	const shared = queryFlag(query, 'shared-size') ? services.images.sharedSizes() : null;
	await sendJson(
		exchange,
		images.map((image) => ({ ...imageSummary(image, -1), SharedSize: shared?.get(image.id) ?? -1 })),
	);
}

async function remove(images: ImageStore, exchange: Exchange): Promise<void> {
	const { query, caller } = exchange;
	if (query.getAll('platforms').length > 0) {
		throw new EngineError('unsupported', 'removing single platforms is not supported by this version of Gantry');
	}
	const options = { force: queryFlag(query, 'force'), noPrune: queryFlag(query, 'noprune') };
	const removals = await images.remove(param(exchange, 'name'), options, caller);
	await sendJson(exchange, removals.map(removalItem));
}

function platformOf(exchange: Exchange): Platform | null {
	const given = exchange.query.get('platform') ?? '';
	return given === '' ? null : parsePlatform(given);
}

async function create(sources: ImageSources, exchange: Exchange): Promise<void> {
	const { query, caller, signal, request } = exchange;
	const platform = platformOf(exchange);
	const from = query.get('fromImage') ?? '';
	if (from !== '') {
		const auth = parseRegistryAuth(request.headers['x-registry-auth']);
		const options = { image: from, tag: query.get('tag') ?? '', platform, auth };
		await sendProgress(exchange, withoutLogin(sources.pull(options, { caller, signal })));
		return;
	}
	const source = query.get('fromSrc') ?? '';
	if (source === '') throw new EngineError('invalid_argument', 'fromImage or fromSrc must be given');
	if (source !== '-') {
		throw new EngineError(
			'unsupported',
			'importing from a URL is not supported by this version of Gantry: send the archive',
		);
	}
	const [repository, tag] = splitTag(query.get('repo') ?? '', query.get('tag') ?? '');
	const options = {
		repository,
		tag,
		message: query.get('message') || 'Imported from -',
		changes: query.getAll('changes'),
		platform,
	};
	await sendProgress(exchange, ofClient(sources.import(bodyStream(exchange), options, { caller, signal })));
}

/** A 401 makes Docker's command line ask for a password at the terminal; what the stock daemon answers ends the command. */
async function* withoutLogin(progress: AsyncIterable<Progress>): AsyncIterable<Progress> {
	try {
		yield* progress;
	} catch (error) {
		if (codeOf(error) !== 'unauthorized') throw error;
		throw new EngineError('internal', messageOf(error), { cause: error });
	}
}

/** An archive that the client sent and that is none is the client's mistake, where a broken blob of our own is ours. */
async function* ofClient(progress: AsyncIterable<Progress>): AsyncIterable<Progress> {
	try {
		yield* progress;
	} catch (error) {
		if (codeOf(error) !== 'corrupt') throw error;
		throw new EngineError('invalid_argument', messageOf(error), { cause: error });
	}
}

/** `repo` may carry its tag. */
function splitTag(repository: string, tag: string): readonly [string, string] {
	const colon = repository.lastIndexOf(':');
	if (tag !== '' || colon < 0 || repository.indexOf('/', colon) >= 0) return [repository, tag];
	return [repository.slice(0, colon), repository.slice(colon + 1)];
}

async function load(sources: ImageSources, exchange: Exchange): Promise<void> {
	const { query, caller, signal } = exchange;
	if (query.getAll('platform').some((given) => given !== '')) {
		throw new EngineError('unsupported', 'loading a single platform is not supported by this version of Gantry');
	}
	const quiet = queryFlag(query, 'quiet', true);
	const progress: AsyncIterable<Progress> = sources.load(bodyStream(exchange), { quiet }, { caller, signal });
	await sendProgress(exchange, ofClient(progress));
}
