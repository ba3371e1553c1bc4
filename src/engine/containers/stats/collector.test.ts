import { expect, test } from 'bun:test';
import type { Container } from '../model.ts';
import { createCollector, type Told } from './collector.ts';
import type { Sample } from './sample.ts';

const sample = { read: 'now' } as Sample;

function collectorOf(containers: Readonly<Record<string, Container>>) {
	const sampled: string[] = [];
	const collector = createCollector({
		find: (id) => containers[id],
		sample: async ({ id }) => {
			sampled.push(id);
			return sample;
		},
		systemCpu: async () => ({ usage: 1, online: 1 }),
		report: (doing, error) => expect.unreachable(`${doing}: ${error}`),
	});
	return { collector, sampled };
}

/** The first thing that each reader is told. */
function first(collector: ReturnType<typeof collectorOf>['collector'], id: string): Promise<Told> {
	return new Promise((resolve) => {
		const stop = collector.subscribe(id, (told) => {
			stop();
			resolve(told);
		});
	});
}

test('many readers of a container share a sample', async () => {
	const { collector, sampled } = collectorOf({ a: { id: 'a', name: 'a' } as Container });
	const told = await Promise.all([first(collector, 'a'), first(collector, 'a'), first(collector, 'a')]);
	expect(told).toEqual([sample, sample, sample]);
	expect(sampled).toEqual(['a']);
});

test('a container that is gone', async () => {
	const { collector, sampled } = collectorOf({});
	expect(await first(collector, 'a')).toBe('removed');
	expect(sampled).toEqual([]);
	const forgotten = first(collector, 'b');
	collector.forget('b');
	expect(await forgotten).toBe('removed');
});
