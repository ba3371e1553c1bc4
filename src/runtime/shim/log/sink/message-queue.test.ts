import { expect, test } from 'bun:test';
import { MessageQueue } from './message-queue.ts';

const message = (size: number, ack: string | null = null) => ({ bytes: new Uint8Array(size), ack });

test('messages go in order and are counted', () => {
	const queue = new MessageQueue();
	for (const size of [1, 2, 3]) queue.push(message(size));
	expect(queue.bytes).toBe(6);
	queue.markSent();
	expect([queue.bytes, queue.next?.bytes.length]).toEqual([5, 2]);
	queue.markSent();
	queue.markSent();
	expect([queue.isEmpty, queue.bytes, queue.next]).toEqual([true, 0, null]);
});

test('what is not acknowledged is sent again', () => {
	const queue = new MessageQueue();
	for (const ack of ['a', 'b', 'c']) queue.push(message(1, ack));
	queue.markSent();
	queue.markSent();
	expect(queue.next?.ack).toBe('c');
	queue.acknowledge('b');
	queue.acknowledge('unknown');
	expect(queue.next?.ack).toBe('c');
	queue.rewind();
	expect(queue.next?.ack).toBe('a');
	expect(queue.bytes).toBe(2);
});

test('the oldest are dropped, but not the one on the wire', () => {
	const queue = new MessageQueue();
	for (const size of [1, 2, 3, 4]) queue.push(message(size));
	queue.dropTo(6, true);
	expect([queue.bytes, queue.next?.bytes.length]).toEqual([5, 1]);
	queue.dropTo(0, false);
	expect(queue.isEmpty).toBe(true);
});

test('a long life does not grow it', () => {
	const queue = new MessageQueue();
	for (let n = 0; n < 10_000; n++) {
		queue.push(message(1));
		if (n > 5) queue.markSent();
	}
	expect(queue.bytes).toBe(6);
});
