import { expect, test } from 'bun:test';
import { createEventBus, type Journal } from './bus.ts';
import type { Event, NewEvent } from './types.ts';

function memoryJournal(): Journal & { readonly stored: Event[] } {
	const stored: Event[] = [];
	return {
		stored,
		append(event) {
			const full: Event = { ...event, sequence: stored.length + 1, timeNano: BigInt(stored.length + 1) };
			stored.push(full);
			return full;
		},
		read: ({ after, since = 0n, until = 2n ** 62n, limit }) =>
			stored.filter((one) => one.sequence > after && one.timeNano >= since && one.timeNano <= until).slice(0, limit),
		head: () => stored.length,
		transaction(body) {
			const before = stored.length;
			try {
				return body();
			} catch (error) {
				stored.length = before;
				throw error;
			}
		},
	};
}

const event = (id: string): NewEvent => ({ type: 'container', action: 'start', id, attributes: {} });

test('a failing persist publishes nothing', () => {
	const journal = memoryJournal();
	const heard: string[] = [];
	const bus = createEventBus(journal, () => undefined);
	bus.subscribe((one) => heard.push(one.id));
	expect(() =>
		bus.publish(event('a'), () => {
			throw new Error('disk full');
		}),
	).toThrow('disk full');
	expect(heard).toEqual([]);
	expect(journal.stored).toEqual([]);
});

test('a listener that throws stops nobody', () => {
	const errors: unknown[] = [];
	const heard: string[] = [];
	const bus = createEventBus(memoryJournal(), (error) => errors.push(error));
	bus.subscribe(() => {
		throw new Error('mine');
	});
	bus.subscribe((one) => heard.push(one.id));
	bus.publish(event('a'));
	expect(heard).toEqual(['a']);
	expect(errors).toHaveLength(1);
});

test('a stream replays from since, then goes on live, in order and without gaps', async () => {
	const bus = createEventBus(memoryJournal(), () => undefined);
	for (let n = 1; n <= 1500; n++) bus.publish(event(String(n)));
	const abort = new AbortController();
	const seen: string[] = [];
	for await (const one of bus.stream({ since: 2n, signal: abort.signal })) {
		seen.push(one.id);
		if (one.id === '1500') queueMicrotask(() => bus.publish(event('1501')));
		expect(bus.readers()).toBe(1);
		if (one.id === '1501') abort.abort();
	}
	expect(seen).toEqual(Array.from({ length: 1500 }, (_, index) => String(index + 2)));
	expect(bus.readers()).toBe(0);
});

test('a stream without since starts at the present, and ends at until', async () => {
	const bus = createEventBus(memoryJournal(), () => undefined);
	bus.publish(event('old'));
	// Not a whole millisecond: the timer must not end a moment too early and then sleep.
	const until = BigInt(Date.now() + 20) * 1_000_000n + 999_999n;
	const seen: string[] = [];
	setTimeout(() => bus.publish(event('new')), 1);
	for await (const one of bus.stream({ until, signal: new AbortController().signal })) seen.push(one.id);
	expect(seen).toEqual(['new']);
});
