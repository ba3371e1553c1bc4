import { parseFilters, parseMoment } from '../../../api/query.ts';
import { EngineError } from '../../../errors.ts';
import type { EventBus } from '../../../events/bus.ts';
import type { Event } from '../../../events/types.ts';
import { nowNano } from '../../../lib/time.ts';
import type { Exchange } from '../exchange.ts';
import { eventMatcher } from './event-filter.ts';

/** `GET /events`: replay from `since`, then live until `until` or until the client goes. */
export async function sendEvents(events: EventBus, exchange: Exchange): Promise<void> {
	const { query, signal, responder } = exchange;
	const now = nowNano();
	const since = parseMoment(query.get('since'), 'since', now);
	const until = parseMoment(query.get('until'), 'until', now);
	if (since !== null && until !== null && until < since) {
		throw new EngineError('invalid_argument', '`since` time cannot be after `until` time');
	}
	const matches = eventMatcher(parseFilters(query.get('filters')));
	// The subscription exists before the client sees the head.
	const stream = events.stream({
		...(since === null ? {} : { since }),
		...(until === null ? {} : { until }),
		signal,
	});
	const iterator = stream[Symbol.asyncIterator]();
	let next = iterator.next();
	// A failure that comes before the loop below looks at it is not unhandled.
	next.catch(() => undefined);
	responder.start(200, { 'Content-Type': 'application/json' }, null);
	try {
		for (;;) {
			const { done, value } = await next;
			if (done === true) break;
			if (matches(value)) await responder.write(`${eventMessage(value)}\n`);
			next = iterator.next();
		}
	} finally {
		await iterator.return?.();
	}
	responder.end();
}

/** An event as JSON. Written by hand in one place: `timeNano` has more digits than a JavaScript number. */
export function eventMessage(event: Event): string {
	const { type, action, id, attributes, timeNano } = event;
	const from = type === 'container' ? attributes.image : undefined;
	const legacy = type === 'container' || type === 'image';
	const message = {
		...(legacy ? { status: action, id, ...(from === undefined ? {} : { from }) } : {}),
		Type: type,
		Action: action,
		Actor: { ID: id, Attributes: attributes },
		scope: 'local',
		time: Number(timeNano / 1_000_000_000n),
	};
	return `${JSON.stringify(message).slice(0, -1)},"timeNano":${timeNano}}`;
}
