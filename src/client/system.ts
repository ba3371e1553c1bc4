import type { EventMessage, SystemInfo, SystemVersion } from '../api/system.ts';
import { type ApiClient, encodeFilters, textLines } from './client.ts';

/** `/version`, `/info` and `/events` of the API. Every call @throws EngineError with the daemon's message. */
export function systemOf(client: ApiClient) {
	return {
		version: () => client.json<SystemVersion>({ method: 'GET', path: '/version' }),
		info: () => client.json<SystemInfo>({ method: 'GET', path: '/info' }),
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
