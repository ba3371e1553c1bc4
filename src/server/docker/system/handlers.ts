import type { ContainerQueries } from '../../../engine/containers/service.ts';
import type { ImageStore, RegistryLogin } from '../../../engine/images/service.ts';
import type { DiskUsage } from '../../../engine/system/disk-usage.ts';
import type { Pruning } from '../../../engine/system/prune.ts';
import type { System } from '../../../engine/system/service.ts';
import type { EventBus } from '../../../events/bus.ts';
import { type Exchange, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';
import { checkAuth } from './auth.ts';
import { sendDiskUsage } from './disk-usage.ts';
import { sendEvents } from './events.ts';
import { infoResponse } from './info.ts';
import { pruneRoutes } from './prune.ts';
import { versionResponse } from './version.ts';

/** What these handlers call. */
export interface SystemServices {
	readonly system: System;
	readonly queries: ContainerQueries;
	readonly images: ImageStore;
	readonly events: EventBus;
	readonly diskUsage: DiskUsage;
	readonly pruning: Pruning;
	readonly registryLogin: RegistryLogin;
}

/** `_ping`, `version`, `info`, `events`, `system/df`. */
export function systemRoutes(services: SystemServices): readonly Route[] {
	const { system, queries, images, events } = services;
	return [
		{ method: 'GET', pattern: '/_ping', handler: ping },
		{
			method: 'GET',
			pattern: '/version',
			handler: async (exchange) => sendJson(exchange, await versionResponse(system)),
		},
		{
			method: 'GET',
			pattern: '/info',
			handler: async (exchange) => sendJson(exchange, await infoResponse(system, queries, images)),
		},
		{ method: 'GET', pattern: '/events', handler: (exchange) => sendEvents(events, exchange) },
		{ method: 'POST', pattern: '/auth', handler: (exchange) => checkAuth(services.registryLogin, exchange) },
		{ method: 'GET', pattern: '/system/df', handler: (exchange) => sendDiskUsage(services, exchange) },
		...pruneRoutes(services.pruning),
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
