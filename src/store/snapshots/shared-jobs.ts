import { EngineError } from '../../errors.ts';

interface Job<T, P> {
	readonly promise: Promise<T>;
	readonly controller: AbortController;
	readonly listeners: Set<(progress: P) => void>;
	waiters: number;
}

/** Does a task once for all who ask under the same key meanwhile; it is aborted when the last of them gave up. */
export function createSharedJobs<T, P>() {
	const jobs = new Map<string, Job<T, P>>();

	const start = (
		key: string,
		task: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>,
	): Job<T, P> => {
		const controller = new AbortController();
		const listeners = new Set<(progress: P) => void>();
		const promise = task(controller.signal, (progress) => {
			for (const listener of listeners) listener(progress);
		}).finally(() => {
			if (jobs.get(key)?.promise === promise) jobs.delete(key);
		});
		promise.catch(() => {});
		const job = { promise, controller, listeners, waiters: 0 };
		jobs.set(key, job);
		return job;
	};

	return {
		async run(
			key: string,
			task: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>,
			{
				signal,
				onProgress,
			}: { readonly signal: AbortSignal | undefined; readonly onProgress: ((p: P) => void) | undefined },
		): Promise<T> {
			if (signal?.aborted) throw cancelled(signal);
			const running = jobs.get(key);
			const job = running === undefined || running.controller.signal.aborted ? start(key, task) : running;
			job.waiters++;
			const listener = (progress: P): void => onProgress?.(progress);
			job.listeners.add(listener);
			const { promise: aborted, reject } = Promise.withResolvers<never>();
			const onAbort = (): void => {
				if (signal !== undefined) reject(cancelled(signal));
			};
			signal?.addEventListener('abort', onAbort, { once: true });
			let finished = false;
			try {
				const result = await Promise.race([job.promise, aborted]);
				finished = true;
				return result;
			} finally {
				signal?.removeEventListener('abort', onAbort);
				job.listeners.delete(listener);
				if (--job.waiters === 0 && !finished) {
					job.controller.abort();
					// Whoever is told that it is over finds nothing of it any more.
					await job.promise.catch(() => {});
				}
			}
		},
		/** The task under way for a key. */
		pending: (key: string): Promise<T> | undefined => jobs.get(key)?.promise,
		/** Aborts all and waits until they have ended. */
		async close(): Promise<void> {
			const all = [...jobs.values()];
			for (const job of all) job.controller.abort();
			await Promise.allSettled(all.map((job) => job.promise));
		},
	};
}

function cancelled(signal: AbortSignal): EngineError {
	return new EngineError('cancelled', 'the caller went away', { cause: signal.reason });
}
