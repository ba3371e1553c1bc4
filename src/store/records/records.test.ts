import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from './journal.ts';
import { openRecords } from './records.ts';

function temporary(): { path: string; [Symbol.dispose](): void } {
	const folder = mkdtempSync(join(tmpdir(), 'gantry-records-'));
	return { path: join(folder, 'gantry.db'), [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test('a collection keeps values over a reopen, in the order of insertion', () => {
	using place = temporary();
	const first = openRecords(place.path);
	const things = first.collection<{ n: number }>('things');
	things.put('b', { n: 1 });
	things.put('a', { n: 2 });
	things.put('b', { n: 3 });
	first.close();
	const second = openRecords(place.path);
	expect(second.collection<{ n: number }>('things').list()).toEqual([{ n: 3 }, { n: 2 }]);
	expect(second.collection('things').delete('zzz')).toBe(false);
	second.close();
});

test('a transaction that throws leaves nothing', () => {
	using place = temporary();
	const records = openRecords(place.path);
	const things = records.collection<number>('things');
	expect(() =>
		records.transaction(() => {
			things.put('a', 1);
			records.transaction(() => things.put('b', 2));
			throw new Error('no');
		}),
	).toThrow('no');
	expect(things.list()).toEqual([]);
	records.close();
});

test('what need not survive the loss of power is there after the end of the process, and the setting is put back', () => {
	using place = temporary();
	const records = openRecords(place.path);
	const things = records.collection<number>('things', 'process');
	things.put('a', 1);
	expect(() =>
		records.transaction(() => {
			things.put('b', 2);
			throw new Error('no');
		}, 'process'),
	).toThrow('no');
	expect(records.database.query('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
	records.close();
	const again = openRecords(place.path);
	expect(again.collection<number>('things').list()).toEqual([1]);
	again.close();
});

test('a second opener is told that the database is taken', () => {
	using place = temporary();
	const records = openRecords(place.path);
	expect(() => openRecords(place.path)).toThrow(/another daemon/);
	records.close();
});

test('the journal grows in sequence and time, across reopening and a clock set back', () => {
	using place = temporary();
	const records = openRecords(place.path);
	const journal = openJournal<{ a: string }>(records, 10_000, () => 1_700_000_000_000_000_001n);
	const one = journal.append({ a: 'x' });
	const two = journal.append({ a: 'y' });
	expect(two.sequence).toBe(one.sequence + 1);
	expect(two.timeNano).toBe(1_700_000_000_000_000_002n);
	records.close();
	const again = openRecords(place.path);
	const reopened = openJournal<{ a: string }>(again, 10_000, () => 5n);
	expect(reopened.head()).toBe(two.sequence);
	expect(reopened.append({ a: 'z' }).timeNano).toBe(1_700_000_000_000_000_003n);
	expect(reopened.read({ after: 0, since: 1_700_000_000_000_000_002n, limit: 10 }).map((e) => e.a)).toEqual(['y', 'z']);
	expect(reopened.read({ after: 0, limit: 1 }).map((e) => e.a)).toEqual(['x']);
	again.close();
});
