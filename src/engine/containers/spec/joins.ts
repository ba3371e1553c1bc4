import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import type { Container, HostConfig } from '../model.ts';

/** Finds a container. @throws `not_found` */
export type FindContainer = (ref: string) => Container;

/** The container that a mode such as `container:web` names; null: it names none. */
export function joinedContainer(mode: string): string | null {
	const prefix = 'container:';
	return mode.startsWith(prefix) ? mode.slice(prefix.length) : null;
}

/**
 * At create: what it is to join must be there. @throws `invalid_argument`: clients take "not found" for a missing image
 * and pull it
 */
export function checkJoins({ ipcMode, pidMode }: HostConfig, find: FindContainer): void {
	for (const mode of [ipcMode, pidMode]) {
		const ref = joinedContainer(mode);
		if (ref === null) continue;
		try {
			find(ref);
		} catch (error) {
			if (codeOf(error) !== 'not_found') throw error;
			throw new EngineError('invalid_argument', messageOf(error), { cause: error });
		}
	}
}

/** The process whose namespaces another container joins. @throws `not_found`; `conflict` when it does not run */
export function pidOf(ref: string, find: FindContainer): number {
	const { id, state } = find(ref);
	if (state.at === 'running' || state.at === 'paused') return state.pid;
	throw new EngineError('conflict', `container ${id} is not running`);
}

/** The container whose IPC namespace and shared memory another one joins. @throws `not_found`; `conflict` when that cannot be now */
export function ipcDonor(ref: string, find: FindContainer): Container {
	const donor = find(ref);
	const refuse = (why: string): never => {
		throw new EngineError('conflict', `can't join IPC of container ${ref}: ${why}`);
	};
	if (donor.state.at !== 'running' && donor.state.at !== 'paused') refuse(`container ${donor.id} is not running`);
	if (donor.hostConfig.ipcMode !== 'shareable') {
		refuse('non-shareable IPC (hint: use IpcMode:shareable for the donor container)');
	}
	return donor;
}
