import type { Event, NewEvent } from './types.ts';

/** Where events last. `append` is durable when it returns. */
export interface Journal {
	/** Stores the event and gives it its sequence number and time. */
	append(event: NewEvent): Event;
	/** Events with `since ≤ timeNano ≤ until`, oldest first, at most `limit`, after sequence `after`. */
	read(range: { after: number; since?: bigint; until?: bigint; limit: number }): readonly Event[];
	/** The sequence number of the newest event, 0 when there is none. */
	head(): number;
	/**
	 * Runs `body` so that what it persists and what it appends become durable together, or not at all.
	 * `process`: it need only survive the end of the daemon, not the loss of power.
	 */
	transaction<R>(body: () => R, survives: 'power' | 'process'): R;
}

/** How a subscriber receives events: in order, without gaps, on the event loop. */
export type Listener = (event: Event) => void;

/** Publishes events: journal first, then listeners. */
export interface EventBus {
	/**
	 * Persists, then tells all listeners. A listener that throws stops nobody else.
	 * `persist` writes the transition's records: it joins the transaction of the journal entry, which then survives the loss
	 * of power unless `survives` says less. An event without records survives the end of the daemon, which is enough for
	 * what changes nothing.
	 */
	publish(event: NewEvent, persist?: () => void, survives?: 'power' | 'process'): Event;
	/** Calls `listener` for each event from now on. Returns the way to stop it. */
	subscribe(listener: Listener): () => void;
	/** Replays the journal from `since`, then goes on live until `until`, or until the signal aborts. Never buffers without bound. */
	stream(options: { since?: bigint; until?: bigint; signal: AbortSignal }): AsyncIterable<Event>;
	/** How many streams are being read. */
	readers(): number;
}

/** One page of a replay. */
const pageSize = 512;

/**
 * A bus over a journal. `onListenerError` hears what a listener threw.
 * A `stream` reads from the journal and only uses the live feed as a wake-up call: a slow reader costs no memory.
 */
export function createEventBus(journal: Journal, onListenerError: (error: unknown) => void): EventBus {
	const listeners = new Set<Listener>();
	let readers = 0;

	const publish: EventBus['publish'] = (event, persist, survives = persist === undefined ? 'process' : 'power') => {
		const stored = journal.transaction(() => {
			persist?.();
			return journal.append(event);
		}, survives);
		for (const listener of [...listeners]) {
			try {
				listener(stored);
			} catch (error) {
				onListenerError(error);
			}
		}
		return stored;
	};

	const subscribe = (listener: Listener): (() => void) => {
		listeners.add(listener);
		return () => listeners.delete(listener);
	};

	async function* stream(options: { since?: bigint; until?: bigint; signal: AbortSignal }): AsyncIterable<Event> {
		const { since, until, signal } = options;
		let after = since === undefined ? journal.head() : 0;
		let wake: (() => void) | undefined;
		const unsubscribe = subscribe(() => wake?.());
		const onAbort = () => wake?.();
		signal.addEventListener('abort', onAbort);
		const remaining = until === undefined ? undefined : Number(until / 1_000_000n) - Date.now();
		const timer =
			remaining === undefined ? undefined : setTimeout(onAbort, Math.max(0, Math.min(remaining, 2 ** 31 - 1)));
		readers++;
		try {
			for (;;) {
				const page = journal.read({
					after,
					...(since === undefined ? {} : { since }),
					...(until === undefined ? {} : { until }),
					limit: pageSize,
				});
				for (const event of page) {
					if (signal.aborted) return;
					yield event;
					after = event.sequence;
				}
				if (page.length === pageSize) continue;
				if (signal.aborted || (until !== undefined && BigInt(Date.now()) * 1_000_000n >= until)) return;
				await new Promise<void>((resolve) => {
					wake = resolve;
					// An event or an abort between the read above and here must not be slept through.
					if (journal.head() > after || signal.aborted) queueMicrotask(resolve);
					if (journal.head() > after && page.length === 0) after = skipUnmatched(journal, after, since, until);
				});
				wake = undefined;
			}
		} finally {
			readers--;
			clearTimeout(timer);
			unsubscribe();
			signal.removeEventListener('abort', onAbort);
		}
	}

	return { publish, subscribe, stream, readers: () => readers };
}

/** Events outside the time range never come back: move past them so that the next read does not see them again. */
function skipUnmatched(journal: Journal, after: number, since?: bigint, until?: bigint): number {
	const head = journal.head();
	const between = journal.read({
		after,
		...(since === undefined ? {} : { since }),
		...(until === undefined ? {} : { until }),
		limit: 1,
	});
	return between.length === 0 ? head : after;
}
