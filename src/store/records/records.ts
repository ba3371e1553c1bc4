import { Database } from 'bun:sqlite';
import { EngineError, wrap } from '../../errors.ts';

/** Records of one kind, by id. Values are plain data (JSON); what `get` returns is a copy. */
export interface Collection<T> {
	get(id: string): T | undefined;
	/** Inserts or replaces. Durable when the surrounding transaction (or the call itself) returns. */
	put(id: string, value: T): void;
	/** True when there was something to delete. */
	delete(id: string): boolean;
	/** All, in the order of their first insertion. */
	list(): T[];
}

/**
 * What a committed transaction survives: `power` the loss of power (the disk has it), `process` the end of the daemon
 * however it comes (the kernel has it). A later `power` transaction takes the earlier ones to the disk with it.
 */
export type Survives = 'power' | 'process';

/** The daemon's durable state: one SQLite database in WAL mode. */
export interface Records {
	/**
	 * Opens a collection; the table is made when missing. `name`: lower-case letters and `_`.
	 * `survives`: of changes outside a transaction.
	 */
	collection<T>(name: string, survives?: Survives): Collection<T>;
	/** All or nothing. Nested calls join the outer transaction and what it survives. `body` must be synchronous. */
	transaction<R>(body: () => R, survives?: Survives): R;
	/** The database itself, for stores with tables of their own shape. */
	readonly database: Database;
	close(): void;
}

/** Opens (or makes) the database. @throws `conflict` when another daemon holds it, `corrupt` when it cannot be read. */
export function openRecords(path: string): Records {
	let database: Database;
	try {
		database = new Database(path, { create: true, strict: true });
		database.run('PRAGMA journal_mode = WAL');
		database.run('PRAGMA synchronous = FULL');
		database.run('PRAGMA busy_timeout = 2000');
		// The data root belongs to one daemon: the lock says so to a second one.
		database.run('PRAGMA locking_mode = EXCLUSIVE');
		database.run('BEGIN IMMEDIATE');
		database.run('COMMIT');
	} catch (error) {
		if (error instanceof Error && /locked|busy/i.test(error.message)) {
			throw new EngineError('conflict', `another daemon uses the database ${path}`);
		}
		throw wrap(error, 'open the database', path);
	}

	let depth = 0;
	const transaction = <R>(body: () => R, survives: Survives = 'power'): R => {
		if (depth > 0) return body();
		// SQLite takes the setting between transactions only.
		if (survives === 'process') database.run('PRAGMA synchronous = NORMAL');
		database.run('BEGIN IMMEDIATE');
		depth++;
		try {
			const result = body();
			database.run('COMMIT');
			return result;
		} catch (error) {
			// On a full disk SQLite has rolled back on its own.
			if (database.inTransaction) database.run('ROLLBACK');
			throw failureOf(error, path);
		} finally {
			depth--;
			if (survives === 'process') database.run('PRAGMA synchronous = FULL');
		}
	};

	const collection = <T>(name: string, survives: Survives = 'power'): Collection<T> => {
		if (!/^[a-z_]+$/.test(name)) throw new EngineError('internal', `bad collection name ${name}`);
		database.run(
			`CREATE TABLE IF NOT EXISTS ${name} (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, value TEXT NOT NULL)`,
		);
		const get = database.query<{ value: string }, [string]>(`SELECT value FROM ${name} WHERE id = ?`);
		const put = database.query<unknown, [string, string]>(
			`INSERT INTO ${name} (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
		);
		const remove = database.query<unknown, [string]>(`DELETE FROM ${name} WHERE id = ?`);
		const list = database.query<{ value: string }, []>(`SELECT value FROM ${name} ORDER BY position`);
		return {
			get(id) {
				const row = get.get(id);
				return row === null ? undefined : (JSON.parse(row.value) as T);
			},
			put(id, value) {
				transaction(() => put.run(id, JSON.stringify(value)), survives);
			},
			delete(id) {
				return transaction(() => remove.run(id), survives).changes > 0;
			},
			list() {
				return list.all().map((row) => JSON.parse(row.value) as T);
			},
		};
	};

	return {
		database,
		collection,
		transaction,
		close() {
			database.close();
		},
	};
}

/** A full disk by its code; anything else as it is. */
function failureOf(error: unknown, path: string): unknown {
	if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_FULL')) return error;
	return new EngineError('exhausted', `write ${path}: no space left on device`, { cause: error });
}
