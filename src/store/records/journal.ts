import type { Records } from './records.ts';

/** An event as stored: `body` is its JSON. */
interface Row {
	readonly sequence: number;
	readonly time: bigint;
	readonly body: string;
}

/** What a journal keeps; the store does not look inside. */
type Entry = Record<string, unknown>;

/** A stored entry with its place and time (nanoseconds since the epoch). */
export type StoredEntry<E> = E & { readonly sequence: number; readonly timeNano: bigint };

/**
 * The durable event journal: a table with growing sequence numbers and strictly growing times.
 * Keeps the newest `retention` entries.
 */
export function openJournal<E extends object = Entry>(records: Records, retention: number, now: () => bigint) {
	const { database } = records;
	database.run(
		'CREATE TABLE IF NOT EXISTS journal (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, body TEXT NOT NULL)',
	);
	database.run('CREATE INDEX IF NOT EXISTS journal_time ON journal (time)');
	const insert = database.query<unknown, [bigint, string]>('INSERT INTO journal (time, body) VALUES (?, ?)');
	const trim = database.query<unknown, [number]>('DELETE FROM journal WHERE sequence <= ?');
	const select = database.query<{ sequence: number; time: string; body: string }, [number, bigint, bigint, number]>(
		`SELECT sequence, CAST(time AS TEXT) AS time, body FROM journal
		 WHERE sequence > ? AND time >= ? AND time <= ? ORDER BY sequence LIMIT ?`,
	);
	const last = database
		.query<{ sequence: number; time: string }, []>(
			'SELECT sequence, CAST(time AS TEXT) AS time FROM journal ORDER BY sequence DESC LIMIT 1',
		)
		.get();
	let head = last?.sequence ?? 0;
	let newest = last === null ? 0n : BigInt(last.time);

	const parse = (row: Row): StoredEntry<E> => ({
		...(JSON.parse(row.body) as E),
		sequence: row.sequence,
		timeNano: row.time,
	});

	return {
		append(event: E): StoredEntry<E> {
			const clock = now();
			// Two events never share a time, and a clock that is set back does not reorder them.
			newest = clock > newest ? clock : newest + 1n;
			head = Number(insert.run(newest, JSON.stringify(event)).lastInsertRowid);
			if (head % 1024 === 0) trim.run(head - retention);
			return { ...event, sequence: head, timeNano: newest };
		},
		read(range: { after: number; since?: bigint; until?: bigint; limit: number }): StoredEntry<E>[] {
			return select
				.all(range.after, range.since ?? 0n, range.until ?? 2n ** 63n - 1n, range.limit)
				.map((row) => parse({ ...row, time: BigInt(row.time) }));
		},
		head: () => head,
		transaction: records.transaction,
	};
}
