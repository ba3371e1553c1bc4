import { expect, test } from 'bun:test';
import { createTurns } from './turns.ts';

test('turns come in order, each in a round of its own, and the loop serves others in between', async () => {
	const turns = createTurns();
	const order: string[] = [];
	let rounds = 0;
	let counting = true;
	const count = (): void => {
		rounds++;
		if (counting) setImmediate(count);
	};
	setImmediate(count);
	const seen: number[] = [];
	await Promise.all(
		['a', 'b', 'c', 'd'].map(async (name) => {
			await turns.take();
			order.push(name);
			seen.push(rounds);
		}),
	);
	counting = false;
	expect(order).toEqual(['a', 'b', 'c', 'd']);
	expect(new Set(seen).size).toBe(4);
});

test('who comes alone does not wait', async () => {
	const turns = createTurns();
	let first = true;
	setImmediate(() => {
		first = false;
	});
	await turns.take();
	expect(first).toBe(true);
});
