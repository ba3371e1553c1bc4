import type { Progress } from './service.ts';

/** Tells of progress. */
export type Report = (progress: Progress) => void;

/** Least milliseconds between two reports of the same bytes counter. */
const throttleMs = 100;

/**
 * Runs `work` and yields what it reports; throws what it throws. Leaving the loop, or the signal, aborts the work's
 * own signal, and the loop ends when the work has.
 */
export async function* withProgress(
	work: (report: Report, signal: AbortSignal) => Promise<void>,
	outer: AbortSignal,
): AsyncIterable<Progress> {
	const controller = new AbortController();
	const abort = () => controller.abort();
	if (outer.aborted) abort();
	outer.addEventListener('abort', abort, { once: true });
	const queue: Progress[] = [];
	let wake: (() => void) | undefined;
	let outcome: { readonly error?: unknown } | undefined;
	const report: Report = (progress) => {
		// A slow reader gets the newest count of a layer, not each: the queue stays as long as the layers are many.
		const stale =
			progress.current === undefined
				? -1
				: queue.findIndex(
						({ id, text, current }) => current !== undefined && id === progress.id && text === progress.text,
					);
		if (stale >= 0) queue.splice(stale, 1, progress);
		else queue.push(progress);
		wake?.();
	};
	const running = work(report, controller.signal).then(
		() => {
			outcome = {};
			wake?.();
		},
		(error: unknown) => {
			outcome = { error };
			wake?.();
		},
	);
	try {
		for (;;) {
			for (let next = queue.shift(); next !== undefined; next = queue.shift()) yield next;
			if (outcome !== undefined) break;
			await new Promise<void>((resolve) => {
				wake = resolve;
			});
		}
		if ('error' in outcome) throw outcome.error;
	} finally {
		controller.abort();
		await running;
		outer.removeEventListener('abort', abort);
	}
}

/** A reporter of a bytes counter that speaks at most ten times a second. */
export function throttled(report: (current: number) => void): (current: number) => void {
	let last = Number.NEGATIVE_INFINITY;
	return (current) => {
		const now = performance.now();
		if (now - last < throttleMs) return;
		last = now;
		report(current);
	};
}
