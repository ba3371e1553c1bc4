import { codeOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { mayPrune, type PruneRequest } from '../../prune-request.ts';
import type { Container } from '../model.ts';
import type { ContainerQueries, ContainerVerbs } from '../service.ts';

/** Removes the containers that do not run; their anonymous volumes stay. Stops early when `signal` aborts. */
export async function pruneContainers(
	request: PruneRequest,
	caller: Caller,
	signal: AbortSignal,
	given: {
		readonly queries: Pick<ContainerQueries, 'list' | 'size'>;
		readonly verbs: Pick<ContainerVerbs, 'remove'>;
	},
): Promise<{ readonly removed: readonly string[]; readonly reclaimed: number }> {
	const removed: string[] = [];
	let reclaimed = 0;
	for (const container of given.queries.list({ all: true, limit: 0, filters: new Map() })) {
		if (signal.aborted) break;
		if (isUp(container) || !mayPrune(request, container.config.labels, container.createdAt)) continue;
		try {
			const { rw } = await given.queries.size(container);
			await given.verbs.remove(container.id, { force: false, volumes: false, link: false }, caller);
			removed.push(container.id);
			reclaimed += rw;
		} catch (error) {
			// Started or removed meanwhile: it is not ours to take.
			if (codeOf(error) !== 'conflict' && codeOf(error) !== 'not_found') throw error;
		}
	}
	return { removed, reclaimed };
}

function isUp({ state }: Container): boolean {
	return state.at === 'running' || state.at === 'paused' || (state.at === 'exited' && state.restarting === true);
}
