import { decodeUpdate } from '../../../api/create-request.ts';
import type { ContainerChanges } from '../../../engine/containers/controls/update.ts';
import type { ContainerControls } from '../../../engine/containers/service.ts';
import { EngineError } from '../../../errors.ts';
import { param, readJson, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';
import { resourcesOf, restartPolicyOf } from './create/resources-request.ts';

/** `POST /containers/{id}/update`. */
export function updateRoute(controls: ContainerControls): Route {
	return {
		method: 'POST',
		pattern: '/containers/{id}/update',
		async handler(exchange) {
			const changes = parseUpdate(await readJson(exchange));
			const warnings = await controls.update(param(exchange, 'id'), changes, exchange.caller);
			await sendJson(exchange, { Warnings: warnings.length === 0 ? null : warnings });
		},
	};
}

/** The body of an update as the engine takes it. @throws EngineError `invalid_argument`, naming the field */
export function parseUpdate(body: unknown): ContainerChanges {
	if (body === undefined || body === null) {
		throw new EngineError('invalid_argument', 'the body is empty: send the limits to change as a JSON object');
	}
	const update = decodeUpdate(body, '');
	const limits = resourcesOf(update);
	return {
		// Both 0 and less mean no limit.
		limits: { ...limits, pidsLimit: limits.pidsLimit === null ? null : Math.max(0, limits.pidsLimit) },
		restartPolicy: update.RestartPolicy.Name === '' ? null : restartPolicyOf(update.RestartPolicy),
	};
}
