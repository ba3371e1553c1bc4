import type { EventBus } from '../events/bus.ts';

/** Milliseconds without an event after which the daemon counts as idle. */
const idleAfter = 5_000;

/**
 * Gives memory back once the engine has come to rest after work. The collector by itself takes its time with what a burst
 * of requests left. Returns the way to stop it.
 */
export function collectWhenIdle(events: EventBus, collect: () => void): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const unsubscribe = events.subscribe(() => {
		clearTimeout(timer);
		timer = setTimeout(collect, idleAfter);
		timer.unref();
	});
	return () => {
		clearTimeout(timer);
		unsubscribe();
	};
}
