import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller } from '../../events/types.ts';
import type { PrunedImages } from '../images/service.ts';
import type { ImagePruneRequest, PruneRequest } from '../prune-request.ts';

/** What a prune took away. */
export interface Pruned {
	/** Ids or names. */
	readonly removed: readonly string[];
	/** Bytes. */
	readonly reclaimed: number;
}

/** Taking away what is not used. @throws EngineError `conflict` while the same kind is being pruned. */
export interface Pruning {
	/** Containers that do not run. */
	containers(request: PruneRequest, caller: Caller, signal: AbortSignal): Promise<Pruned>;
	images(request: ImagePruneRequest, caller: Caller, signal: AbortSignal): Promise<PrunedImages>;
	/** Networks that users made and no container is in. */
	networks(request: PruneRequest, caller: Caller): Promise<Pruned>;
	/** The build cache. */
	buildCache(caller: Caller): Promise<Pruned>;
	/** Runs another kind's prune under the same rule, and tells of it. */
	guarded<R extends { readonly reclaimed: number }>(
		kind: PrunedKind,
		caller: Caller,
		prune: () => Promise<R>,
	): Promise<R>;
}

/** What can be pruned, as events have it. */
export type PrunedKind = 'container' | 'image' | 'network' | 'volume' | 'builder';

export interface PruningDependencies {
	readonly events: EventBus;
	readonly containers: (request: PruneRequest, caller: Caller, signal: AbortSignal) => Promise<Pruned>;
	readonly images: (request: ImagePruneRequest, caller: Caller, signal: AbortSignal) => Promise<PrunedImages>;
}

/** Wires the prunes. */
export function createPruning({ events, containers, images }: PruningDependencies): Pruning {
	const underWay = new Set<PrunedKind>();
	const guarded: Pruning['guarded'] = async (kind, caller, prune) => {
		if (underWay.has(kind)) throw new EngineError('conflict', 'a prune operation is already running');
		underWay.add(kind);
		try {
			const result = await prune();
			events.publish({ type: kind, action: 'prune', id: '', attributes: { reclaimed: `${result.reclaimed}` }, caller });
			return result;
		} finally {
			underWay.delete(kind);
		}
	};
	const nothing = async (): Promise<Pruned> => ({ removed: [], reclaimed: 0 });
	return {
		guarded,
		containers: (request, caller, signal) => guarded('container', caller, () => containers(request, caller, signal)),
		images: (request, caller, signal) => guarded('image', caller, () => images(request, caller, signal)),
		// The networks that there are, are the engine's own: those stay.
		networks: (_request, caller) => guarded('network', caller, nothing),
		// Nothing here keeps one.
		buildCache: (caller) => guarded('builder', caller, nothing),
	};
}
