/** Lets pieces of work that hold the event loop into it one by one. */
export interface Turns {
	/** Resolves when it is the caller's turn, in the order of the calls. */
	take(): Promise<void>;
}

/**
 * Turns with a round of the event loop between two of them, in which it serves what else has come. Who comes alone does
 * not wait.
 */
export function createTurns(): Turns {
	const waiting: (() => void)[] = [];
	let taken = false;
	const next = (): void => {
		const resolve = waiting.shift();
		if (resolve === undefined) {
			taken = false;
			return;
		}
		setImmediate(next);
		resolve();
	};
	return {
		take() {
			if (taken) return new Promise((resolve) => waiting.push(resolve));
			taken = true;
			setImmediate(next);
			return Promise.resolve();
		},
	};
}
