import { parseFilters, queryFlag, queryInteger } from '../../../api/query.ts';
import type { Container } from '../../../engine/containers/model.ts';
import type {
	ContainerQueries,
	ContainerVerbs,
	StopOptions,
	WaitCondition,
} from '../../../engine/containers/service.ts';
import type { ImageStore } from '../../../engine/images/service.ts';
import { codeOf, EngineError, wrap } from '../../../errors.ts';
import { type Exchange, param, readJson, sendEmpty, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';
import { parseCreateRequest } from './create/create-request.ts';
import { inspectResponse } from './inspect-response.ts';
import { summaryResponse } from './list-response.ts';

/** What these handlers call. */
export interface ContainerServices {
	readonly containers: ContainerVerbs;
	readonly queries: ContainerQueries;
	readonly images: ImageStore;
}

/** `POST …/containers/…` without streams, and the reading of containers. */
export function containerRoutes(services: ContainerServices): readonly Route[] {
	const { containers, queries } = services;
	return [
		{ method: 'GET', pattern: '/containers/json', handler: (exchange) => list(services, exchange) },
		{ method: 'POST', pattern: '/containers/create', handler: (exchange) => create(containers, exchange) },
		{ method: 'GET', pattern: '/containers/{id}/json', handler: (exchange) => inspect(queries, exchange) },
		{ method: 'POST', pattern: '/containers/{id}/start', handler: (exchange) => start(containers, exchange) },
		{
			method: 'POST',
			pattern: '/containers/{id}/stop',
			async handler(exchange) {
				await containers.stop(param(exchange, 'id'), stopOptions(exchange), exchange.caller);
				sendEmpty(exchange);
			},
		},
		{
			method: 'POST',
			pattern: '/containers/{id}/restart',
			async handler(exchange) {
				await containers.restart(param(exchange, 'id'), stopOptions(exchange), exchange.caller);
				sendEmpty(exchange);
			},
		},
		{
			method: 'POST',
			pattern: '/containers/{id}/kill',
			async handler(exchange) {
				await containers.kill(param(exchange, 'id'), exchange.query.get('signal') || 'SIGKILL', exchange.caller);
				sendEmpty(exchange);
			},
		},
		{ method: 'POST', pattern: '/containers/{id}/wait', handler: (exchange) => wait(containers, exchange) },
		{
			method: 'DELETE',
			// A link has the name of a container and a second one.
			pattern: '/containers/{id...}',
			async handler(exchange) {
				const options = {
					force: queryFlag(exchange.query, 'force'),
					volumes: queryFlag(exchange.query, 'v'),
					link: queryFlag(exchange.query, 'link'),
				};
				await containers.remove(param(exchange, 'id'), options, exchange.caller);
				sendEmpty(exchange);
			},
		},
	];
}

async function create(containers: ContainerVerbs, exchange: Exchange): Promise<void> {
	const body = await readJson(exchange);
	const { query, caller } = exchange;
	const request = parseCreateRequest(body, query.get('name') ?? '', query.get('platform') ?? '', exchange.version);
	const { id, warnings } = await containers.create(request, caller);
	await sendJson(exchange, { Id: id, Warnings: [...warnings] }, 201);
}

async function start(containers: ContainerVerbs, exchange: Exchange): Promise<void> {
	if ((exchange.query.get('checkpoint') ?? '') !== '') {
		throw new EngineError('unsupported', 'starting from a checkpoint is not supported by this version of Gantry');
	}
	await containers.start(param(exchange, 'id'), exchange.caller);
	sendEmpty(exchange);
}

function stopOptions(exchange: Exchange): StopOptions {
	return { timeout: queryInteger(exchange.query, 't'), signal: exchange.query.get('signal') || null };
}

const conditions: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed'];

async function wait(containers: ContainerVerbs, exchange: Exchange): Promise<void> {
	const word = exchange.query.get('condition') || 'not-running';
	const condition = conditions.find((known) => known === word);
	if (condition === undefined) throw new EngineError('invalid_argument', `invalid condition: ${JSON.stringify(word)}`);
	const { result } = await containers.wait(param(exchange, 'id'), condition, exchange.signal);
	// The client starts the container when it sees the head: from here on no exit can be missed.
	exchange.responder.start(200, { 'Content-Type': 'application/json' }, null);
	const { code, error } = await result;
	const body = { StatusCode: code, ...(error === null ? {} : { Error: { Message: error } }) };
	await exchange.responder.write(`${JSON.stringify(body)}\n`);
	exchange.responder.end();
}

async function inspect(queries: ContainerQueries, exchange: Exchange): Promise<void> {
	const container = queries.get(param(exchange, 'id'));
	const size = queryFlag(exchange.query, 'size') ? await queries.size(container) : null;
	const details = {
		paths: queries.paths(container),
		execIds: queries.execIds(container.id),
		links: queries.linksOf(container).links,
		health: queries.health(container.id),
		size,
	};
	await sendJson(exchange, inspectResponse(container, details));
}

async function list(services: ContainerServices, exchange: Exchange): Promise<void> {
	const { queries, images } = services;
	const { query } = exchange;
	const containers = queries.list({
		all: queryFlag(query, 'all'),
		limit: Math.max(0, queryInteger(query, 'limit') ?? 0),
		filters: parseFilters(query.get('filters')),
	});
	const withSize = queryFlag(query, 'size');
	const now = Date.now();
	const shown = new Map<string, Promise<string>>();
	const entries = containers.map(async (container) => {
		const key = `${container.config.image}\n${container.imageId}`;
		const image = shown.get(key) ?? shownImage(images, container);
		shown.set(key, image);
		return summaryResponse(
			container,
			await image,
			queries.linksOf(container).names,
			withSize ? await queries.size(container) : null,
			queries.health(container.id),
			now,
		);
	});
	await sendJson(exchange, await Promise.all(entries));
}

/** The image as the user named it; its id when that name means another image now. */
export async function shownImage(images: ImageStore, container: Container): Promise<string> {
	try {
		const { id } = await images.get(container.config.image);
		return id === container.imageId ? container.config.image : container.imageId;
	} catch (error) {
		const code = codeOf(error);
		if (code === 'not_found' || code === 'invalid_argument') return container.imageId;
		throw wrap(error, 'list containers');
	}
}
