/** One holder at a time per key; others wait in order. */
export interface KeyedMutex {
	/** Runs `body` alone among those with the same key. */
	run<R>(key: string, body: () => Promise<R>): Promise<R>;
}

/** A mutex per key; keys cost nothing while nobody holds them. */
export function createKeyedMutex(): KeyedMutex {
	const tails = new Map<string, Promise<unknown>>();
	return {
		async run(key, body) {
			const before = tails.get(key);
			const mine = (async () => {
				// The failure of an earlier holder is that holder's to report.
				await before?.catch(() => undefined);
				return body();
			})();
			tails.set(key, mine);
			try {
				return await mine;
			} finally {
				if (tails.get(key) === mine) tails.delete(key);
			}
		},
	};
}
