import type { ContainerControls } from '../../../engine/containers/service.ts';
import { param, sendEmpty, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';
import { updateRoute } from './update-handler.ts';

/** Update, pause, unpause, rename and top. */
export function controlRoutes(controls: ContainerControls): readonly Route[] {
	return [
		updateRoute(controls),
		{
			method: 'POST',
			pattern: '/containers/{id}/pause',
			async handler(exchange) {
				await controls.pause(param(exchange, 'id'), exchange.caller);
				sendEmpty(exchange);
			},
		},
		{
			method: 'POST',
			pattern: '/containers/{id}/unpause',
			async handler(exchange) {
				await controls.unpause(param(exchange, 'id'), exchange.caller);
				sendEmpty(exchange);
			},
		},
		{
			method: 'POST',
			pattern: '/containers/{id}/rename',
			async handler(exchange) {
				await controls.rename(param(exchange, 'id'), exchange.query.get('name') ?? '', exchange.caller);
				sendEmpty(exchange);
			},
		},
		{
			method: 'GET',
			pattern: '/containers/{id}/top',
			async handler(exchange) {
				const psArguments = exchange.query.get('ps_args') ?? '';
				const { titles, processes } = await controls.top(param(exchange, 'id'), psArguments, exchange.caller);
				await sendJson(exchange, { Titles: titles, Processes: processes });
			},
		},
	];
}
