import { EngineError } from '../../../errors.ts';
import type { WaitCondition, WaitResult } from '../service.ts';

/** Promises of what becomes of a container. Told by the supervisor and the remover, not by polling. */
export interface Waiters {
	/** Resolves at the next moment of that kind after now; rejects `cancelled` with the signal. */
	next(id: string, condition: WaitCondition, signal: AbortSignal): Promise<WaitResult>;
	/** It ended; `final`: and is not started again by its restart policy. */
	exited(id: string, result: WaitResult, final: boolean): void;
	removed(id: string, result: WaitResult): void;
}

interface Waiter {
	readonly condition: WaitCondition;
	readonly resolve: (result: WaitResult) => void;
}

/** Waiters of all containers. */
export function createWaiters(): Waiters {
	const waiting = new Map<string, Set<Waiter>>();

	const settle = (id: string, result: WaitResult, which: (condition: WaitCondition) => boolean): void => {
		for (const waiter of [...(waiting.get(id) ?? [])]) {
			if (which(waiter.condition)) waiter.resolve(result);
		}
	};

	return {
		next(id, condition, signal) {
			const { promise, resolve, reject } = Promise.withResolvers<WaitResult>();
			const mine = waiting.get(id) ?? new Set<Waiter>();
			waiting.set(id, mine);
			const waiter: Waiter = { condition, resolve };
			mine.add(waiter);
			const onAbort = () => reject(new EngineError('cancelled', 'the client went away while it waited'));
			signal.addEventListener('abort', onAbort, { once: true });
			if (signal.aborted) onAbort();
			return promise.finally(() => {
				signal.removeEventListener('abort', onAbort);
				mine.delete(waiter);
				if (mine.size === 0 && waiting.get(id) === mine) waiting.delete(id);
			});
		},
		exited(id, result, final) {
			settle(id, result, (condition) => condition === 'next-exit' || (final && condition === 'not-running'));
		},
		removed(id, result) {
			settle(id, result, () => true);
		},
	};
}
