import { afterEach, expect, jest, test } from 'bun:test';
import type { EventBus, Listener } from '../events/bus.ts';
import type { Event } from '../events/types.ts';
import { collectWhenIdle } from './idle-memory.ts';

afterEach(() => {
	jest.useRealTimers();
});

test('collects once after a burst, not during it, and not after it was stopped', () => {
	jest.useFakeTimers();
	const listeners = new Set<Listener>();
	const bus: EventBus = {
		publish: () => {
			throw new Error('nothing is published here');
		},
		subscribe: (listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		stream: async function* () {},
		readers: () => 0,
	};
	const event: Event = { type: 'daemon', action: 'start', id: '', attributes: {}, sequence: 1, timeNano: 1n };
	const tell = () => {
		for (const listener of listeners) listener(event);
	};
	let collected = 0;
	const stop = collectWhenIdle(bus, () => collected++);
	for (let n = 0; n < 10; n++) {
		tell();
		jest.advanceTimersByTime(4_000);
	}
	expect(collected).toBe(0);
	jest.advanceTimersByTime(1_000);
	expect(collected).toBe(1);
	jest.advanceTimersByTime(60_000);
	expect(collected).toBe(1);
	tell();
	stop();
	jest.advanceTimersByTime(60_000);
	expect(collected).toBe(1);
	expect(listeners.size).toBe(0);
});
