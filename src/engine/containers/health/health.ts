import type { EventBus } from '../../../events/bus.ts';
import { parseNano } from '../../../lib/time.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container } from '../model.ts';
import { afterProbe, type Check, checkOf, type HealthState, nextProbe, startingHealth } from './healthcheck.ts';
import { probe, type RunInContainer } from './probe.ts';

/** Where health is kept: it need only survive the end of the daemon. */
export interface HealthRecords {
	put(id: string, value: StoredHealth): void;
	delete(id: string): boolean;
	list(): StoredHealth[];
}

/** The health of one container, as it is recorded. */
export interface StoredHealth extends HealthState {
	readonly id: string;
}

export interface HealthDependencies {
	readonly containers: ContainerSet;
	readonly records: HealthRecords;
	readonly events: EventBus;
	readonly run: RunInContainer;
	/** A container that ran became unhealthy. */
	readonly onUnhealthy: (container: Container, health: HealthState) => void;
	readonly report: (doing: string, error: unknown) => void;
}

/** Watches over the health of the containers that run. */
export interface HealthMonitor {
	/** null: it has no health check, or never ran with one. */
	of(id: string): HealthState | null;
	/** Goes on with what an earlier daemon watched; after the reconciliation. */
	adopt(): void;
	/** Probes in flight are killed, no timer is left. */
	close(): void;
}

/** One watch: from a start (or a thaw) of the container to its end (or freeze). */
interface Watch {
	readonly scope: AbortController;
	/** Resolves when its last probe is gone. */
	readonly over: Promise<void>;
}

const longestTimer = 2 ** 31 - 1;

/** The monitor: it follows the events of the containers. */
export function createHealthMonitor(dependencies: HealthDependencies): HealthMonitor {
	const { containers, records, events, report } = dependencies;
	const states = new Map<string, HealthState>();
	for (const { id, ...state } of records.list()) {
		if (containers.find(id) === undefined) records.delete(id);
		else states.set(id, state);
	}
	const watches = new Map<string, Watch>();

	const keep = (id: string, state: HealthState): void => {
		states.set(id, state);
		records.put(id, { id, ...state });
	};

	const record = (container: Container, next: HealthState): void => {
		const before = states.get(container.id)?.status;
		keep(container.id, next);
		if (next.status === before) return;
		containers.update(container.id, (one) => one, { action: `health_status: ${next.status}` });
		if (next.status === 'unhealthy') dependencies.onUnhealthy(container, next);
	};

	const watch = async (container: Container, check: Check, startedAt: number, signal: AbortSignal): Promise<void> => {
		for (;;) {
			const state = states.get(container.id) ?? startingHealth(undefined);
			await pause(nextProbe(state, Date.now() - startedAt, check), signal);
			if (signal.aborted) return;
			const age = Date.now() - startedAt;
			const result = await probe(container, check, signal, dependencies.run);
			if (result === null || signal.aborted) return;
			record(container, afterProbe(states.get(container.id) ?? state, result, age, check));
		}
	};

	const begin = (id: string, anew: boolean): void => {
		const container = containers.find(id);
		if (container?.state.at !== 'running') return;
		const check = checkOf(container.config);
		if (check === null) return;
		const previous = end(id);
		if (anew || !states.has(id)) keep(id, startingHealth(states.get(id)));
		const startedAt = Number((parseNano(container.state.startedAt) ?? 0n) / 1_000_000n);
		const scope = new AbortController();
		const over = previous
			.then(() => watch(container, check, startedAt, scope.signal))
			.catch((error: unknown) => report(`watch over the health of container ${container.name}`, error));
		watches.set(id, { scope, over });
	};

	/** Ends a watch. Resolves when nothing of it is left. */
	const end = (id: string): Promise<void> => {
		const watch = watches.get(id);
		if (watch === undefined) return Promise.resolve();
		watches.delete(id);
		watch.scope.abort();
		const state = states.get(id);
		// Clients rely on it: what is not watched is not healthy.
		if (state !== undefined && state.status !== 'unhealthy') keep(id, { ...state, status: 'unhealthy' });
		return watch.over;
	};

	events.subscribe(({ type, action, id }) => {
		if (type !== 'container') return;
		if (action === 'start') begin(id, true);
		else if (action === 'unpause') begin(id, false);
		else if (action === 'pause' || action === 'die') void end(id);
		else if (action === 'destroy') {
			void end(id);
			if (states.delete(id)) records.delete(id);
		}
	});

	return {
		of: (id) => states.get(id) ?? null,
		adopt() {
			for (const { id } of containers.all()) if (!watches.has(id)) begin(id, false);
		},
		close() {
			for (const { scope } of watches.values()) scope.abort();
			watches.clear();
		},
	};
}

/** Waits so many milliseconds, or until the signal. Leaves no timer and no listener. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
	for (let rest = milliseconds; rest > 0 && !signal.aborted; rest -= longestTimer) {
		await new Promise<void>((resolve) => {
			const done = (): void => {
				clearTimeout(timer);
				signal.removeEventListener('abort', done);
				resolve();
			};
			const timer = setTimeout(done, Math.min(rest, longestTimer));
			signal.addEventListener('abort', done, { once: true });
		});
	}
}
