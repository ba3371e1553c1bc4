import { describe, expect, test } from 'bun:test';
import { parseDetachKeys, watchDetachKeys } from './detach-keys.ts';

const usual = parseDetachKeys('ctrl-p,ctrl-q');

function type(chunks: readonly (readonly number[])[], keys = usual) {
	const watch = watchDetachKeys(keys);
	const sent: number[] = [];
	for (const chunk of chunks) {
		const { bytes, detached } = watch.push(Uint8Array.from(chunk));
		sent.push(...bytes);
		if (detached) return { sent, detached };
	}
	return { sent, detached: false };
}

describe('detach keys', () => {
	test('are parsed', () => {
		expect([...usual]).toEqual([16, 17]);
		expect([...parseDetachKeys('a,ctrl-[,ctrl-@,ctrl-_')]).toEqual([97, 27, 0, 31]);
		for (const wrong of ['', 'ab', 'ctrl-1', 'ctrl-', 'a,,b'])
			expect(() => parseDetachKeys(wrong)).toThrow('Unknown character');
	});

	test('end the session and are not sent', () => {
		expect(type([[1, 16, 17, 2]])).toEqual({ sent: [1], detached: true });
		expect(type([[16], [17]])).toEqual({ sent: [], detached: true });
		expect(type([[16, 16, 17]])).toEqual({ sent: [16], detached: true });
	});

	test('that turn out to be something else are sent', () => {
		expect(type([[16], [3]])).toEqual({ sent: [16, 3], detached: false });
		expect(type([[17, 16, 1, 17]])).toEqual({ sent: [17, 16, 1, 17], detached: false });
	});
});
