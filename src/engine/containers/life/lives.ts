import type { ByteDuplex } from '../../../lib/byte-duplex.ts';
import type { Shim, ShimAttach } from '../../../runtime/protocol.ts';

/** A running container's shim and the promise of its orderly end. */
export interface Live {
	readonly shim: Shim;
	/** Resolves when the exit is recorded and everything of the run is released. Never rejects. */
	readonly finished: Promise<void>;
}

/** A client that attached before the start. */
export interface PendingAttachment {
	readonly options: ShimAttach;
	/** Called with the shim's connection before the process starts, or with the reason why it will not. */
	settle(outcome: { readonly connection: ByteDuplex } | { readonly error: Error }): void;
}

/** What exists of containers in memory only, while they run or are about to. */
export interface Lives {
	get(id: string): Live | undefined;
	set(id: string, live: Live): void;
	delete(id: string): void;
	/** Notes that a run ended whose things are still being taken away: `cleared` by the engine, `released` by its shim. */
	leaving(id: string, cleared: Promise<void>, released: Promise<void>): void;
	/** Resolves when nothing of an earlier run is in the way of another one. */
	left(id: string): Promise<void>;
	/** Resolves when the engine has taken away its part, which is all that is in the way of a removal. */
	cleared(id: string): Promise<void>;
	/** Adds a client that waits for the start. Returns the way to withdraw it. */
	enqueue(id: string, attachment: PendingAttachment): () => void;
	/** Takes all clients that wait. */
	takePending(id: string): readonly PendingAttachment[];
}

/** An empty set. */
export function createLives(): Lives {
	const lives = new Map<string, Live>();
	const pending = new Map<string, Set<PendingAttachment>>();
	const leaving = new Map<string, { readonly cleared: Promise<void>; readonly left: Promise<void> }>();
	return {
		leaving(id, cleared, released) {
			const mine = { cleared, left: Promise.all([cleared, released]).then(() => undefined) };
			leaving.set(id, mine);
			void mine.left.then(() => {
				if (leaving.get(id) === mine) leaving.delete(id);
			});
		},
		left: async (id) => leaving.get(id)?.left,
		cleared: async (id) => leaving.get(id)?.cleared,
		get: (id) => lives.get(id),
		set: (id, live) => void lives.set(id, live),
		delete: (id) => void lives.delete(id),
		enqueue(id, attachment) {
			const mine = pending.get(id) ?? new Set<PendingAttachment>();
			pending.set(id, mine.add(attachment));
			return () => {
				mine.delete(attachment);
				if (mine.size === 0 && pending.get(id) === mine) pending.delete(id);
			};
		},
		takePending(id) {
			const mine = [...(pending.get(id) ?? [])];
			pending.delete(id);
			return mine;
		},
	};
}
