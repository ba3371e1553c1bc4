import { EngineError } from '../../../errors.ts';
import type { EventBus } from '../../../events/bus.ts';
import { readSystemCpu } from '../../../runtime/host-usage.ts';
import type { ContainerSet } from '../container-set.ts';
import { createCollector, type Told } from './collector.ts';
import { createSampler, type Sample } from './sample.ts';

/**
 * Milliseconds between the two readings that one answer compares. With the collector's pause it stays well below the two
 * seconds after which Docker's command line gives up on a container.
 */
const leastApart = 400;

/** What was read of a container, and what was read of it before. Both null while it does not run. */
export interface Reading {
	readonly id: string;
	readonly name: string;
	readonly sample: Sample | null;
	readonly previous: Sample | null;
}

/** How to read: again and again, once after a first reading to compare with, or once without (`oneShot`). */
export interface ReadingOptions {
	readonly stream: boolean;
	readonly oneShot: boolean;
}

/** What containers use of the host. */
export interface ContainerStatistics {
	/**
	 * A stream has a reading each second, also while the container does not run, and ends when it is removed. A reader that
	 * is slow misses readings.
	 * @throws `not_found`; `invalid_argument` for a stream of one.
	 */
	read(ref: string, options: ReadingOptions, signal: AbortSignal): AsyncIterable<Reading>;
}

export interface StatisticsDependencies {
	readonly containers: ContainerSet;
	readonly events: EventBus;
	readonly now: () => string;
	readonly report: (doing: string, error: unknown) => void;
}

/** Makes the statistics of all containers. */
export function createStatistics(dependencies: StatisticsDependencies): ContainerStatistics {
	const { containers, events, now, report } = dependencies;
	const sample = createSampler(now);
	const collector = createCollector({ find: containers.find, sample, systemCpu: () => readSystemCpu(), report });
	events.subscribe((event) => {
		if (event.type === 'container' && event.action === 'destroy') collector.forget(event.id);
	});

	const reading = (id: string, told: Sample | null, previous: Sample | null): Reading => ({
		id,
		name: containers.find(id)?.name ?? '',
		sample: told,
		previous,
	});

	async function* once(id: string): AsyncGenerator<Reading> {
		const container = containers.resolve(id);
		yield reading(id, await sample(container, await readSystemCpu()), null);
	}

	async function* follow(id: string, signal: AbortSignal): AsyncGenerator<Reading> {
		let previous: Sample | null = null;
		for await (const told of latest((tell) => collector.subscribe(id, tell), signal)) {
			if (told === 'removed') return;
			yield reading(id, told, previous);
			previous = told;
		}
	}

	async function* compared(id: string, signal: AbortSignal): AsyncGenerator<Reading> {
		const first = await sample(containers.resolve(id), await readSystemCpu());
		const since = performance.now();
		for await (const told of latest((tell) => collector.subscribe(id, tell), signal)) {
			if (told === 'removed') return;
			if (told !== null && performance.now() - since < leastApart) continue;
			yield reading(id, told, first);
			return;
		}
	}

	return {
		read(ref, { stream, oneShot }, signal) {
			const container = containers.resolve(ref);
			if (stream && oneShot) {
				throw new EngineError('invalid_argument', 'cannot have stream=true and one-shot=true');
			}
			if (stream) return follow(container.id, signal);
			const runs = container.state.at === 'running' || container.state.at === 'paused';
			return oneShot || !runs ? once(container.id) : compared(container.id, signal);
		},
	};
}

/** What is told, as it comes; of what came while the reader was busy, the last. Ends when the signal aborts. */
async function* latest(
	subscribe: (tell: (told: Told) => void) => () => void,
	signal: AbortSignal,
): AsyncGenerator<Told> {
	let waiting: { readonly told: Told } | null = null;
	let wake = (): void => undefined;
	const unsubscribe = subscribe((told) => {
		waiting = { told };
		wake();
	});
	const onAbort = (): void => wake();
	signal.addEventListener('abort', onAbort);
	try {
		while (!signal.aborted) {
			const next = waiting as { readonly told: Told } | null;
			waiting = null;
			if (next !== null) yield next.told;
			else await new Promise<void>((resolve) => (wake = resolve));
		}
	} finally {
		signal.removeEventListener('abort', onAbort);
		unsubscribe();
	}
}
