/** Runs at most `count` tasks at once, the others in the order of their coming. */
export function createSlots(count: number): <T>(signal: AbortSignal, task: () => Promise<T>) => Promise<T> {
	let free = count;
	const waiting = new Set<() => void>();

	const acquire = async (signal: AbortSignal): Promise<void> => {
		signal.throwIfAborted();
		if (free > 0) {
			free--;
			return;
		}
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const onAbort = (): void => {
			waiting.delete(resolve);
			reject(signal.reason);
		};
		signal.addEventListener('abort', onAbort, { once: true });
		waiting.add(resolve);
		try {
			await promise;
		} finally {
			signal.removeEventListener('abort', onAbort);
		}
	};

	const release = (): void => {
		const [next] = waiting;
		if (next === undefined) {
			free++;
			return;
		}
		// The slot passes on without becoming free.
		waiting.delete(next);
		next();
	};

	return async (signal, task) => {
		await acquire(signal);
		try {
			return await task();
		} finally {
			release();
		}
	};
}
