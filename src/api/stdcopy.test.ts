import { describe, expect, test } from 'bun:test';
import { demultiplex } from './stdcopy.ts';

function frame(stream: number, text: string): number[] {
	const bytes = new TextEncoder().encode(text);
	return [
		stream,
		0,
		0,
		0,
		bytes.length >>> 24,
		(bytes.length >>> 16) & 255,
		(bytes.length >>> 8) & 255,
		bytes.length & 255,
		...bytes,
	];
}

async function read(bytes: readonly number[], size: number): Promise<Record<number, string>> {
	async function* chunks() {
		for (let at = 0; at < bytes.length; at += size) yield Uint8Array.from(bytes.slice(at, at + size));
	}
	const found: Record<number, string> = {};
	for await (const piece of demultiplex(chunks())) {
		found[piece.stream] = (found[piece.stream] ?? '') + new TextDecoder().decode(piece.bytes);
	}
	return found;
}

describe('demultiplex', () => {
	const bytes = [...frame(1, 'hello '), ...frame(2, 'trouble'), ...frame(1, ''), ...frame(1, 'x'.repeat(70_000))];

	for (const size of [1, 3, 7, 8, 9, 64, 100_000]) {
		test(`in chunks of ${size}`, async () => {
			expect(await read(bytes, size)).toEqual({ 1: `hello ${'x'.repeat(70_000)}`, 2: 'trouble' });
		});
	}

	test('joins what one stream says in a row, and keeps the order of the streams', async () => {
		const many = [...frame(1, 'a'), ...frame(1, 'b'), ...frame(2, 'c'), ...frame(2, 'd'), ...frame(1, 'e')];
		const found: string[] = [];
		async function* once() {
			yield Uint8Array.from(many);
		}
		for await (const { stream, bytes } of demultiplex(once()))
			found.push(`${stream}${new TextDecoder().decode(bytes)}`);
		expect(found).toEqual(['1ab', '2cd', '1e']);
	});

	test('tells of what is cut short and of what is no frame', async () => {
		await expect(read(frame(1, 'abc').slice(0, 9), 100)).rejects.toThrow('unexpected EOF');
		await expect(read(frame(1, 'abc').slice(0, 5), 100)).rejects.toThrow('unexpected EOF');
		await expect(read([72, 84, 84, 80, 47, 49, 46, 49], 100)).rejects.toThrow('Unrecognized input header: 72');
	});
});
