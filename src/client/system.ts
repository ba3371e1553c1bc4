import type { ContainerSummary } from '../api/container.ts';
import type { ImageSummary } from '../api/image.ts';
import type { EventMessage, SystemInfo, SystemVersion } from '../api/system.ts';
import type { Volume } from '../api/volume.ts';
import { type ApiClient, encodeFilters, textLines } from './client.ts';

/** An entry of the build cache. */
export interface BuildCacheRecord {
	readonly ID?: string;
	readonly Parents?: readonly string[] | null;
	readonly Type?: string;
	readonly Description?: string;
	readonly InUse?: boolean;
	readonly Shared?: boolean;
	readonly Size?: number;
	readonly CreatedAt?: string;
	readonly LastUsedAt?: string | null;
	readonly UsageCount?: number;
}

/** What `/system/df` answers. */
export interface DiskUsageAnswer {
	readonly LayersSize?: number;
	readonly Images?: readonly ImageSummary[] | null;
	readonly Containers?: readonly ContainerSummary[] | null;
	readonly Volumes?: readonly Volume[] | null;
	readonly BuildCache?: readonly BuildCacheRecord[] | null;
}

/** An account at a registry. */
export interface RegistryCredentials {
	readonly username?: string;
	readonly password?: string;
	readonly identitytoken?: string;
	readonly serveraddress: string;
}

/** `/version`, `/info`, `/events`, `/system/df` and `/auth` of the API. Every call @throws EngineError with the daemon's message. */
export function systemOf(client: ApiClient) {
	return {
		version: () => client.json<SystemVersion>({ method: 'GET', path: '/version' }),
		info: () => client.json<SystemInfo>({ method: 'GET', path: '/info' }),
		diskUsage: () => client.json<DiskUsageAnswer>({ method: 'GET', path: '/system/df' }),
		/** Asks the registry through the daemon. */
		login: (auth: RegistryCredentials) =>
			client.json<{ Status?: string; IdentityToken?: string }>({ method: 'POST', path: '/auth', json: auth }),
		/** Events as they come; `raw` is the line on the wire, `nano` the exact time. */
		async *events(query: {
			since: string | undefined;
			until: string | undefined;
			filters: ReadonlyMap<string, string[]>;
		}): AsyncGenerator<EventMessage & { readonly raw: string; readonly nano: bigint }> {
			const response = await client.send({
				method: 'GET',
				path: '/events',
				query: { since: query.since, until: query.until, filters: encodeFilters(query.filters) },
			});
			for await (const raw of textLines(response.body)) {
				const event = JSON.parse(raw) as EventMessage;
				// Nanoseconds do not fit into a number: they are read from the text.
				const nano = /"timeNano":(\d+)/.exec(raw)?.[1];
				yield { ...event, raw, nano: nano === undefined ? BigInt(event.time ?? 0) * 1_000_000_000n : BigInt(nano) };
			}
		},
	};
}
