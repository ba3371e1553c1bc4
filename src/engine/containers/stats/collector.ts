import type { SystemCpu } from '../../../runtime/host-usage.ts';
import type { Container } from '../model.ts';
import type { Sample, Sampler } from './sample.ts';

/** Milliseconds between two rounds. */
const pause = 1000;
/** Containers whose files are read at the same time: more would fill the thread pool for other requests. */
const together = 8;

/** What a reader is told: a sample, `null` for a container that does not run, `removed` when there will be no more. */
export type Told = Sample | null | 'removed';

/** One sampler for all readers of all containers: a container that many read is read once a second. */
export interface Collector {
	/** Calls `tell` once a round from now on. Returns the way to stop it. */
	subscribe(id: string, tell: (told: Told) => void): () => void;
	/** Tells the readers of a container that it is gone. */
	forget(id: string): void;
}

export interface CollectorDependencies {
	readonly find: (id: string) => Container | undefined;
	readonly sample: Sampler;
	readonly systemCpu: () => Promise<SystemCpu>;
	/** Hears of files that cannot be read. */
	readonly report: (doing: string, error: unknown) => void;
}

/** Makes a collector. It does nothing while nobody reads. */
export function createCollector(dependencies: CollectorDependencies): Collector {
	const { find, sample, systemCpu, report } = dependencies;
	const readers = new Map<string, Set<(told: Told) => void>>();
	let turning = false;

	const sampleOf = async (id: string, system: SystemCpu): Promise<Told> => {
		const container = find(id);
		if (container === undefined) return 'removed';
		try {
			return await sample(container, system);
		} catch (error) {
			report(`read the statistics of container ${container.name}`, error);
			return null;
		}
	};

	const collect = async (ids: string[], system: SystemCpu): Promise<void> => {
		for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
			const told = await sampleOf(id, system);
			for (const tell of readers.get(id) ?? []) tell(told);
		}
	};

	const round = async (): Promise<void> => {
		try {
			const system = await systemCpu();
			const ids = [...readers.keys()];
			await Promise.all(Array.from({ length: together }, () => collect(ids, system)));
		} catch (error) {
			report('read the statistics of the host', error);
		}
		if (readers.size === 0) turning = false;
		else setTimeout(() => void round(), pause);
	};

	return {
		subscribe(id, tell) {
			const mine = readers.get(id) ?? new Set();
			readers.set(id, mine.add(tell));
			if (!turning) {
				turning = true;
				void round();
			}
			return () => {
				mine.delete(tell);
				if (mine.size === 0 && readers.get(id) === mine) readers.delete(id);
			};
		},
		forget(id) {
			for (const tell of readers.get(id) ?? []) tell('removed');
		},
	};
}
