import { anything, map, object, text } from '../../../api/decode.ts';
import { parseFilters, queryFlag } from '../../../api/query.ts';
import { compareVersions } from '../../../api/versions.ts';
import type { Volume } from '../../../api/volume.ts';
import type { VolumeService, VolumeView } from '../../../engine/volumes/service.ts';
import { EngineError } from '../../../errors.ts';
import { param, readJson, sendEmpty, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';

const decodeCreate = object({
	Name: text,
	Driver: text,
	DriverOpts: map(text),
	Labels: map(text),
	ClusterVolumeSpec: anything,
});

/** Since then there are cluster volumes, and prune leaves named volumes alone. */
const clusterVersion = '1.42';
const noManager =
	'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** A volume as the API shows it. */
export function volumeResponse({ name, mountpoint, createdAt, labels, options }: VolumeView): Volume {
	return {
		CreatedAt: createdAt.replace(/\.\d+/, ''),
		Driver: 'local',
		Labels: Object.keys(labels).length === 0 ? null : { ...labels },
		Mountpoint: mountpoint,
		Name: name,
		Options: options === null ? null : { ...options },
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
				const forCluster = body.ClusterVolumeSpec !== undefined && body.ClusterVolumeSpec !== null;
				if (forCluster && compareVersions(exchange.version, clusterVersion) >= 0) {
					throw new EngineError('unavailable', noManager);
				}
				const request = { name: body.Name, driver: body.Driver, options: body.DriverOpts, labels: body.Labels };
				await sendJson(exchange, volumeResponse(await volumes.create(request, exchange.caller)), 201);
			},
		},
		{
			method: 'POST',
			pattern: '/volumes/prune',
			async handler(exchange) {
				const filters = new Map(parseFilters(exchange.query.get('filters')));
				if (compareVersions(exchange.version, clusterVersion) < 0) filters.set('all', ['true']);
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
			method: 'PUT',
			pattern: '/volumes/{name}',
			handler() {
				throw new EngineError('unavailable', 'volume update only valid for cluster volumes, but swarm is unavailable');
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
