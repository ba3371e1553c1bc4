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
/** In milliseconds; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1;

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
		const range = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
		let after = since === undefined ? journal.head() : 0;
		let wake = (): void => undefined;
		const unsubscribe = subscribe(() => wake());
		const onAbort = () => wake();
		signal.addEventListener('abort', onAbort);
		readers++;
		try {
			for (;;) {
				const head = journal.head();
				const page = journal.read({ after, ...range, limit: pageSize });
				for (const event of page) {
					if (signal.aborted) return;
					yield event;
					after = event.sequence;
				}
				if (page.length === pageSize) continue;
				// What lies outside of the range never comes back.
				after = Math.max(after, head);
				const rest = until === undefined ? undefined : untilThen(until);
				if (signal.aborted || (rest !== undefined && rest <= 0)) return;
				// Nothing runs between this look and the wait: no event is slept through.
				if (journal.head() > after) continue;
				const { promise, resolve } = Promise.withResolvers<void>();
				wake = resolve;
				const timer = rest === undefined ? undefined : setTimeout(resolve, Math.min(rest, longestTimer));
				await promise;
				clearTimeout(timer);
			}
		} finally {
			readers--;
			unsubscribe();
			signal.removeEventListener('abort', onAbort);
		}
	}

	return { publish, subscribe, stream, readers: () => readers };
}

/** Whole milliseconds until a time (nanoseconds since the epoch) is reached, rounded up; 0 or less when it is. */
function untilThen(nano: bigint): number {
	return Number((nano + 999_999n) / 1_000_000n) - Date.now();
}
