import type { ExecSession } from '../model.ts';

/** How long the outcome of an exec can be asked for, in milliseconds; as dockerd keeps it. */
const retention = 5 * 60_000;

/** Exec sessions by id. */
export type SessionTable = Pick<Map<string, ExecSession>, 'get' | 'has' | 'set' | 'values' | 'delete'>;

/**
 * A table that forgets sessions five minutes after their process ended: a client that runs an exec every second must not
 * fill the memory. It looks for them when it takes a new session, so nothing runs when nothing happens.
 * `now`: milliseconds.
 */
export function createSessionTable(now: () => number): SessionTable {
	const sessions = new Map<string, ExecSession>();
	/** When each ended, in that order. */
	const ends = new Map<string, number>();
	const forgetOld = (): void => {
		const oldest = now() - retention;
		for (const [id, endedAt] of ends) {
			if (endedAt > oldest) return;
			ends.delete(id);
			sessions.delete(id);
		}
	};
	return {
		get: (id) => sessions.get(id),
		has: (id) => sessions.has(id),
		values: () => sessions.values(),
		set(id, session) {
			if (session.state.at === 'created') forgetOld();
			if (session.state.at === 'exited' && !ends.has(id)) ends.set(id, now());
			return sessions.set(id, session);
		},
		delete(id) {
			ends.delete(id);
			return sessions.delete(id);
		},
	};
}
