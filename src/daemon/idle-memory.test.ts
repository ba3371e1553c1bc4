import { afterEach, expect, jest, test } from 'bun:test';
import { createIdleCollector } from './idle-memory.ts';

afterEach(() => {
	jest.useRealTimers();
});

test('collects once after a burst, not during it, and not after it was stopped', () => {
	jest.useFakeTimers();
	let collected = 0;
	const idle = createIdleCollector(() => collected++);
	for (let n = 0; n < 10; n++) {
		idle.active();
		jest.advanceTimersByTime(4_000);
	}
	expect(collected).toBe(0);
	jest.advanceTimersByTime(1_000);
	expect(collected).toBe(1);
	jest.advanceTimersByTime(60_000);
	expect(collected).toBe(1);
	idle.active();
	idle.stop();
	jest.advanceTimersByTime(60_000);
	expect(collected).toBe(1);
});
