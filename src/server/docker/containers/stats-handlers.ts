import { queryFlag } from '../../../api/query.ts';
import type { ContainerStatistics } from '../../../engine/containers/stats/statistics.ts';
import { type Exchange, param } from '../exchange.ts';
import type { Route } from '../router.ts';
import { statsResponse } from './stats-response.ts';

/** `GET /containers/{id}/stats`. */
export function statsRoutes(statistics: ContainerStatistics): readonly Route[] {
	return [
		{ method: 'GET', pattern: '/containers/{id}/stats', handler: (exchange) => readStatistics(statistics, exchange) },
	];
}

async function readStatistics(statistics: ContainerStatistics, exchange: Exchange): Promise<void> {
	const { query, responder, signal } = exchange;
	const options = { stream: queryFlag(query, 'stream', true), oneShot: queryFlag(query, 'one-shot') };
	const readings = statistics.read(param(exchange, 'id'), options, signal);
	responder.start(200, { 'Content-Type': 'application/json' }, null);
	if (exchange.method !== 'HEAD') {
		for await (const reading of readings) await responder.write(statsResponse(reading));
	}
	responder.end();
}
