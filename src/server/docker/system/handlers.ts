import type { ContainerQueries } from '../../../engine/containers/service.ts';
import type { ImageStore } from '../../../engine/images/service.ts';
import type { System } from '../../../engine/system/service.ts';
import type { EventBus } from '../../../events/bus.ts';
import { summaryResponse } from '../containers/list-response.ts';
import { type Exchange, sendJson } from '../exchange.ts';
import { imageSummary } from '../images/responses.ts';
import type { Route } from '../router.ts';
import { sendEvents } from './events.ts';
import { infoResponse, versionResponse } from './info.ts';

/** What these handlers call. */
export interface SystemServices {
	readonly system: System;
	readonly queries: ContainerQueries;
	readonly images: ImageStore;
	readonly events: EventBus;
}

/** `_ping`, `version`, `info`, `events`, `system/df`. */
export function systemRoutes(services: SystemServices): readonly Route[] {
	const { system, queries, images, events } = services;
	return [
		{ method: 'GET', pattern: '/_ping', handler: ping },
		{
			method: 'GET',
			pattern: '/version',
			handler: (exchange) => sendJson(exchange, versionResponse(system.facts())),
		},
		{
			method: 'GET',
			pattern: '/info',
			handler: (exchange) => sendJson(exchange, infoResponse(system, queries, images)),
		},
		{ method: 'GET', pattern: '/events', handler: (exchange) => sendEvents(events, exchange) },
		{ method: 'GET', pattern: '/system/df', handler: (exchange) => diskUsage(services, exchange) },
	];
}

async function ping(exchange: Exchange): Promise<void> {
	const { responder, method } = exchange;
	const headers = {
		'Builder-Version': '1',
		Swarm: 'inactive',
		'Cache-Control': 'no-cache, no-store, must-revalidate',
		Pragma: 'no-cache',
		'Content-Type': 'text/plain; charset=utf-8',
	};
	responder.start(200, headers, method === 'HEAD' ? 0 : 2);
	if (method !== 'HEAD') await responder.write('OK');
	responder.end();
}

async function diskUsage({ queries, images }: SystemServices, exchange: Exchange): Promise<void> {
	const types = new Set(exchange.query.getAll('type'));
	const wanted = (type: string) => types.size === 0 || types.has(type);
	const containers = queries.list({ all: true, limit: 0, filters: new Map() });
	const listed = wanted('image') ? await images.list({ all: false, filters: new Map() }) : [];
	const now = Date.now();
	const summaries = wanted('container')
		? await Promise.all(
				containers.map(async (container) =>
					summaryResponse(
						container,
						container.config.image,
						await queries.size(container),
						queries.health(container.id),
						now,
					),
				),
			)
		: [];
	await sendJson(exchange, {
		LayersSize: wanted('image') ? images.summary().layersSize : 0,
		Images: listed.map((image) => imageSummary(image, containers.filter(({ imageId }) => imageId === image.id).length)),
		Containers: summaries,
		Volumes: [],
		BuildCache: [],
	});
}
