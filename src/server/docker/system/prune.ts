import { parseFilters, parseMoment, queryFlag } from '../../../api/query.ts';
import type { ImagePruneRequest, PruneRequest } from '../../../engine/prune-request.ts';
import type { Pruning } from '../../../engine/system/prune.ts';
import { EngineError } from '../../../errors.ts';
import { nowNano } from '../../../lib/time.ts';
import { type Exchange, sendJson } from '../exchange.ts';
import { removalItem } from '../images/responses.ts';
import type { Route } from '../router.ts';

type Filters = ReadonlyMap<string, readonly string[]>;

const common = ['label', 'label!', 'until'];
const cacheKeys = ['until', 'id', 'parent', 'type', 'description', 'inuse', 'shared', 'private'];

/** `POST …/prune` of containers, images, networks and the build cache. */
export function pruneRoutes(pruning: Pruning): readonly Route[] {
	return [
		{
			method: 'POST',
			pattern: '/containers/prune',
			async handler(exchange) {
				const request = pruneRequest(filtersOf(exchange, common));
				const { removed, reclaimed } = await pruning.containers(request, exchange.caller, exchange.signal);
				await sendJson(exchange, { ContainersDeleted: listed(removed), SpaceReclaimed: reclaimed });
			},
		},
		{
			method: 'POST',
			pattern: '/images/prune',
			async handler(exchange) {
				const request = imagePruneRequest(filtersOf(exchange, [...common, 'dangling']));
				const { removals, reclaimed } = await pruning.images(request, exchange.caller, exchange.signal);
				await sendJson(exchange, { ImagesDeleted: listed(removals.map(removalItem)), SpaceReclaimed: reclaimed });
			},
		},
		{
			method: 'POST',
			pattern: '/networks/prune',
			async handler(exchange) {
				const request = pruneRequest(filtersOf(exchange, common));
				const { removed } = await pruning.networks(request, exchange.caller);
				await sendJson(exchange, { NetworksDeleted: listed(removed) });
			},
		},
		{ method: 'POST', pattern: '/build/prune', handler: (exchange) => pruneBuildCache(pruning, exchange) },
	];
}

async function pruneBuildCache(pruning: Pruning, exchange: Exchange): Promise<void> {
	const { query } = exchange;
	queryFlag(query, 'all');
	for (const name of ['keep-storage', 'reserved-space', 'max-used-space', 'min-free-space']) {
		const value = query.get(name) ?? '';
		if (!/^\d{0,18}$/.test(value)) {
			throw new EngineError('invalid_argument', `${name} is in bytes and expects an integer, got ${value}`);
		}
	}
	// Others, as `label` of a prune of everything, mean nothing here.
	const filters = parseFilters(query.get('filters'));
	for (const [key, values] of filters) {
		if (cacheKeys.includes(key) && values.length > 1)
			throw new EngineError('invalid_argument', `filter ${key} expects only one value`);
	}
	untilOf(filters);
	const { removed, reclaimed } = await pruning.buildCache(exchange.caller);
	await sendJson(exchange, { CachesDeleted: listed(removed), SpaceReclaimed: reclaimed });
}

/** As Go prints an empty list that was never made. */
function listed<T>(items: readonly T[]): readonly T[] | null {
	return items.length === 0 ? null : items;
}

function filtersOf(exchange: Exchange, known: readonly string[]): Filters {
	const filters = parseFilters(exchange.query.get('filters'));
	for (const key of filters.keys()) {
		if (!known.includes(key)) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
	}
	return filters;
}

function pruneRequest(filters: Filters): PruneRequest {
	return { until: untilOf(filters), labels: filters.get('label') ?? [], notLabels: filters.get('label!') ?? [] };
}

function untilOf(filters: Filters): bigint | null {
	const values = filters.get('until') ?? [];
	if (values.length > 1) throw new EngineError('invalid_argument', 'more than one until filter specified');
	return parseMoment(values[0] ?? null, 'until', nowNano());
}

function imagePruneRequest(filters: Filters): ImagePruneRequest {
	const values = filters.get('dangling') ?? [];
	const [value = 'true', ...more] = values;
	if (more.length > 0 || !['true', '1', 'false', '0'].includes(value)) {
		throw new EngineError('invalid_argument', `invalid filter 'dangling=[${values.join(' ')}]'`);
	}
	return { ...pruneRequest(filters), danglingOnly: value === 'true' || value === '1' };
}
