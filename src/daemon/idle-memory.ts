/** Milliseconds without activity after which the daemon counts as idle. */
const idleAfter = 5_000;

/** Gives memory back once the daemon has come to rest after work. */
export interface IdleCollector {
	/** Something was done: the rest begins anew. */
	active(): void;
	stop(): void;
}

/** Calls `collect` once after each burst of work: the collector by itself takes its time with what a burst left. */
export function createIdleCollector(collect: () => void): IdleCollector {
	let timer: ReturnType<typeof setTimeout> | undefined;
	return {
		active() {
			clearTimeout(timer);
			timer = setTimeout(collect, idleAfter);
			timer.unref();
		},
		stop: () => clearTimeout(timer),
	};
}
