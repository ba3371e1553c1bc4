import { compareVersions } from '../../../api/versions.ts';
import type { ContainerQueries } from '../../../engine/containers/service.ts';
import type { ImageStore } from '../../../engine/images/service.ts';
import type { DiskUsage } from '../../../engine/system/disk-usage.ts';
import { EngineError } from '../../../errors.ts';
import { shownImage } from '../containers/handlers.ts';
import { summaryResponse } from '../containers/list-response.ts';
import { type Exchange, sendJson } from '../exchange.ts';
import { imageSummary } from '../images/responses.ts';
import { volumeResponse } from '../volumes/handlers.ts';

/** What this handler calls. */
export interface DiskUsageServices {
	readonly diskUsage: DiskUsage;
	readonly queries: ContainerQueries;
	readonly images: ImageStore;
}

const kinds = ['container', 'image', 'volume', 'build-cache'];

/** `GET /system/df`. What was not asked for is null. */
export async function sendDiskUsage(services: DiskUsageServices, exchange: Exchange): Promise<void> {
	const wanted = kindsOf(exchange);
	const { images } = services;
	const [listed, containers, volumes] = await abortable(
		Promise.all([
			wanted.has('image') ? imagesOf(services) : null,
			wanted.has('container') ? containersOf(services) : null,
			wanted.has('volume') ? volumesOf(services) : null,
		]),
		exchange.signal,
	);
	await sendJson(exchange, {
		LayersSize: listed === null ? 0 : images.summary().layersSize,
		Images: listed,
		Containers: containers,
		Volumes: volumes,
		BuildCache: wanted.has('build-cache') ? [] : null,
	});
}

/** Before 1.42 the parameter was not there. @throws EngineError `invalid_argument` */
function kindsOf({ query, version }: Exchange): ReadonlySet<string> {
	const given = compareVersions(version, '1.42') < 0 ? [] : query.getAll('type');
	for (const kind of given) {
		if (!kinds.includes(kind)) throw new EngineError('invalid_argument', `unknown object type: ${kind}`);
	}
	return new Set(given.length === 0 ? kinds : given);
}

async function imagesOf({ images, queries }: DiskUsageServices) {
	const shared = images.sharedSizes();
	const users = new Map<string, number>();
	for (const { imageId } of queries.list({ all: true, limit: 0, filters: new Map() })) {
		users.set(imageId, (users.get(imageId) ?? 0) + 1);
	}
	const listed = await images.list({ all: false, filters: new Map() });
	return listed.map((image) => ({
		...imageSummary(image, users.get(image.id) ?? 0),
		SharedSize: shared.get(image.id) ?? 0,
	}));
}

async function containersOf({ diskUsage, images, queries }: DiskUsageServices) {
	const now = Date.now();
	const found = await diskUsage.containers();
	return Promise.all(
		found.map(async ({ container, size }) =>
			summaryResponse(
				container,
				await shownImage(images, container),
				queries.linksOf(container).names,
				size,
				queries.health(container.id),
				now,
			),
		),
	);
}

async function volumesOf({ diskUsage }: DiskUsageServices) {
	const found = await diskUsage.volumes();
	return found.map(({ volume, size, references }) => ({
		...volumeResponse(volume),
		UsageData: { RefCount: references, Size: size },
	}));
}

/** The result, unless the client goes first: the walk goes on for the others who wait for it. */
async function abortable<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
	const { promise, reject } = Promise.withResolvers<never>();
	const onAbort = (): void => reject(new EngineError('cancelled', 'the client is gone'));
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		if (signal.aborted) onAbort();
		return await Promise.race([result, promise]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}
