import { EngineError } from '../../errors.ts';

/** Work that several ask for at once and that is done once. */
export interface SharedWork<R, P> {
	/** Starts the work under this key, or joins it. It is aborted when the last one who wants it has gone. */
	join(
		key: string,
		start: (signal: AbortSignal, report: (progress: P) => void) => Promise<R>,
		member: { readonly signal: AbortSignal; readonly onProgress: (progress: P) => void },
	): Promise<R>;
}

interface Work<R, P> {
	readonly result: Promise<R>;
	readonly controller: AbortController;
	readonly listeners: Set<(progress: P) => void>;
	members: number;
}

/** Shared work, by key. */
export function createSharedWork<R, P>(): SharedWork<R, P> {
	const works = new Map<string, Work<R, P>>();

	const begin = (
		key: string,
		start: (signal: AbortSignal, report: (progress: P) => void) => Promise<R>,
	): Work<R, P> => {
		const controller = new AbortController();
		const listeners = new Set<(progress: P) => void>();
		const tell = (progress: P) => {
			for (const listener of listeners) listener(progress);
		};
		// One turn later: who begins the work must be listening when it first speaks.
		const result = Promise.resolve()
			.then(() => start(controller.signal, tell))
			.finally(() => works.delete(key));
		const work = { result, controller, listeners, members: 0 };
		works.set(key, work);
		return work;
	};

	return {
		async join(key, start, { signal, onProgress }) {
			// What is being aborted must be gone before the same begins anew.
			for (let old = works.get(key); old?.controller.signal.aborted; old = works.get(key))
				await old.result.catch(() => undefined);
			if (signal.aborted) throw new EngineError('cancelled', 'context canceled');
			const work = works.get(key) ?? begin(key, start);
			work.members++;
			work.listeners.add(onProgress);
			let abort: (() => void) | undefined;
			const left = new Promise<never>((_, reject) => {
				abort = () => reject(new EngineError('cancelled', 'context canceled'));
				signal.addEventListener('abort', abort, { once: true });
			});
			try {
				return await Promise.race([work.result, left]);
			} finally {
				if (abort !== undefined) signal.removeEventListener('abort', abort);
				work.listeners.delete(onProgress);
				work.members--;
				if (work.members === 0) {
					work.controller.abort();
					await work.result.catch(() => undefined);
				}
			}
		},
	};
}

/** Lets at most `limit` in at once; the others wait in order. */
export interface Semaphore {
	/** Resolves with the way out. `onWait` is called when it has to wait. @throws EngineError `cancelled` while waiting. */
	enter(options: { readonly signal: AbortSignal; readonly onWait?: () => void }): Promise<() => void>;
}

/** A semaphore of `limit` places, which is asked whenever one comes or goes. */
export function createSemaphore(limit: () => number): Semaphore {
	let taken = 0;
	const waiting: (() => void)[] = [];
	const turn = (signal: AbortSignal): Promise<void> =>
		new Promise((resolve, reject) => {
			const admit = () => {
				signal.removeEventListener('abort', abort);
				resolve();
			};
			const abort = () => {
				waiting.splice(waiting.indexOf(admit), 1);
				reject(new EngineError('cancelled', 'context canceled'));
			};
			waiting.push(admit);
			signal.addEventListener('abort', abort, { once: true });
		});
	return {
		async enter({ signal, onWait }) {
			if (signal.aborted) throw new EngineError('cancelled', 'context canceled');
			if (taken < limit()) taken++;
			else {
				onWait?.();
				await turn(signal);
			}
			return () => {
				taken--;
				// The place goes to the next in line without becoming free in between; there may be more than one by now.
				while (waiting.length > 0 && taken < limit()) {
					taken++;
					waiting.shift()?.();
				}
			};
		},
	};
}

/** Tells those who wait for something that it has come. */
export interface Arrivals {
	/** Resolves at the next word that it is there. @throws EngineError `cancelled`. */
	of(key: string, signal: AbortSignal): Promise<void>;
	/** It is there. */
	tell(key: string): void;
}

export function createArrivals(): Arrivals {
	const waiting = new Map<string, Set<() => void>>();
	return {
		of(key, signal) {
			const { promise, resolve, reject } = Promise.withResolvers<void>();
			if (signal.aborted) return Promise.reject(new EngineError('cancelled', 'context canceled'));
			const those = waiting.get(key) ?? new Set();
			waiting.set(key, those.add(resolve));
			const abort = () => reject(new EngineError('cancelled', 'context canceled'));
			signal.addEventListener('abort', abort, { once: true });
			return promise.finally(() => {
				signal.removeEventListener('abort', abort);
				those.delete(resolve);
				if (those.size === 0 && waiting.get(key) === those) waiting.delete(key);
			});
		},
		tell(key) {
			const those = waiting.get(key);
			waiting.delete(key);
			for (const resolve of those ?? []) resolve();
		},
	};
}

/** Waits for all; the first failure aborts the others through `controller`, and is thrown when they have ended. */
export async function allOrAbort<R>(controller: AbortController, tasks: readonly Promise<R>[]): Promise<R[]> {
	let first: { readonly error: unknown } | undefined;
	const results = await Promise.allSettled(
		tasks.map((task) =>
			task.catch((error: unknown) => {
				first ??= { error };
				controller.abort();
				throw error;
			}),
		),
	);
	if (first !== undefined) throw first.error;
	return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
