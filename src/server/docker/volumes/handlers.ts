import { map, object, text } from '../../../api/decode.ts';
import { parseFilters, queryFlag } from '../../../api/query.ts';
import { compareVersions } from '../../../api/versions.ts';
import type { Volume } from '../../../api/volume.ts';
import type { VolumeService, VolumeView } from '../../../engine/volumes/service.ts';
import { EngineError } from '../../../errors.ts';
import { param, readJson, sendEmpty, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';

const decodeCreate = object({ Name: text, Driver: text, DriverOpts: map(text), Labels: map(text) });

/** A volume as the API has it. */
export function volumeResponse({ name, mountpoint, createdAt, labels }: VolumeView): Volume {
	return {
		CreatedAt: createdAt,
		Driver: 'local',
		Labels: Object.keys(labels).length === 0 ? null : { ...labels },
		Mountpoint: mountpoint,
		Name: name,
		Options: null,
		Scope: 'local',
	};
}

/** `…/volumes…`. Source: Engine API 1.51, Volume. */
export function volumeRoutes(volumes: VolumeService): readonly Route[] {
	return [
		{
			method: 'GET',
			pattern: '/volumes',
			async handler(exchange) {
				const found = volumes.list(parseFilters(exchange.query.get('filters')));
				await sendJson(exchange, { Volumes: found.map(volumeResponse), Warnings: null });
			},
		},
		{
			method: 'POST',
			pattern: '/volumes/create',
			async handler(exchange) {
				const body = decodeCreate(await readJson(exchange), '');
				if (body.Driver !== '' && body.Driver !== 'local') {
					throw new EngineError(
						'not_found',
						`error looking up volume plugin ${body.Driver}: plugin "${body.Driver}" not found`,
					);
				}
				if (Object.keys(body.DriverOpts).length > 0) {
					throw new EngineError('unsupported', 'DriverOpts is not supported by this version of Gantry');
				}
				await sendJson(exchange, volumeResponse(await volumes.create(body.Name, body.Labels, exchange.caller)), 201);
			},
		},
		{
			method: 'POST',
			pattern: '/volumes/prune',
			async handler(exchange) {
				const filters = new Map(parseFilters(exchange.query.get('filters')));
				// Before 1.42 named volumes went too, unasked.
				if (compareVersions(exchange.version, '1.42') < 0) filters.set('all', ['true']);
				const { removed, reclaimed } = await volumes.prune(filters, exchange.caller);
				await sendJson(exchange, { VolumesDeleted: removed, SpaceReclaimed: reclaimed });
			},
		},
		{
			method: 'GET',
			pattern: '/volumes/{name}',
			async handler(exchange) {
				await sendJson(exchange, volumeResponse(volumes.get(param(exchange, 'name'))));
			},
		},
		{
			method: 'DELETE',
			pattern: '/volumes/{name}',
			async handler(exchange) {
				const force = queryFlag(exchange.query, 'force');
				await volumes.remove(param(exchange, 'name'), { force }, exchange.caller);
				sendEmpty(exchange);
			},
		},
	];
}
