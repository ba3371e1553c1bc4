import { rm } from 'node:fs/promises';
import { EngineError } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { withDeadline } from '../../../lib/deadline.ts';
import type { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import type { Layout } from '../layout.ts';
import type { Container } from '../model.ts';
import type { VolumeBinder } from '../mounts/volume-binder.ts';
import type { Snapshots } from '../ports.ts';
import { killForSure, type StopDependencies } from './stop.ts';

/** Milliseconds for the engine to take away what a run had. */
const clearPatience = 30_000;

export interface RemoveDependencies extends StopDependencies {
	readonly snapshots: Snapshots;
	readonly volumes: VolumeBinder;
	readonly layout: Layout;
	readonly mutex: KeyedMutex;
}

/** How a removal goes about it. */
export interface RemoveOptions {
	readonly force: boolean;
	/** Remove anonymous volumes as well. */
	readonly volumes: boolean;
}

function refusal(container: Container): EngineError {
	const restarting = container.state.at === 'exited' && container.state.restarting === true;
	const state = container.state.at === 'paused' ? 'paused' : restarting ? 'restarting' : 'running';
	const advice = state === 'paused' ? 'unpause and then stop the container' : 'stop the container';
	return new EngineError(
		'conflict',
		`cannot remove container "/${container.name}": container is ${state}: ${advice} before removing or force remove`,
	);
}

/** Removes a container and all that belongs to it. @throws `conflict` when it runs and `force` is not given. */
export async function removeContainer(
	id: string,
	options: RemoveOptions,
	caller: Caller,
	dependencies: RemoveDependencies,
): Promise<void> {
	const { containers, lives, supervisor, mutex } = dependencies;
	// Outside the mutex: the supervisor's own removal after the run must be able to come first.
	const before = containers.resolve(id);
	const restarting = before.state.at === 'exited' && before.state.restarting === true;
	if (lives.get(id) !== undefined || restarting) {
		if (!options.force) throw refusal(before);
		supervisor.cancelRestart(id);
		// No restart policy may bring back what is being removed.
		containers.update(
			id,
			(one) => ({ ...one, manuallyStopped: true }),
			restarting ? undefined : { action: 'kill', attributes: { signal: '9' }, caller },
		);
		await killForSure(before, dependencies);
	}
	await mutex.run(id, async () => {
		const container = containers.find(id);
		// Gone meanwhile (auto-remove, or another client): what was asked for is so.
		if (container === undefined) return;
		if (lives.get(id) !== undefined) throw refusal(container);
		await withDeadline(lives.cleared(id), clearPatience, 'the end of its last run');
		await discard(container, options, caller, dependencies);
	});
}

async function discard(
	container: Container,
	options: RemoveOptions,
	caller: Caller,
	dependencies: RemoveDependencies,
): Promise<void> {
	const { containers, snapshots, volumes, layout, waiters } = dependencies;
	const code =
		container.state.at === 'exited'
			? container.state.code
			: container.state.at === 'created'
				? (container.state.code ?? 0)
				: 0;
	// Recorded first: a daemon that dies now finishes the removal at its next start.
	containers.update(container.id, (one) => ({ ...one, state: { at: 'removing' } }));
	await snapshots.remove(container.id);
	await volumes.unbind(container, { removeAnonymous: options.volumes, caller });
	const files = layout.files(container.id);
	await rm(files.stateDir, { recursive: true, force: true });
	await rm(files.bundle, { recursive: true, force: true });
	containers.remove(container.id, { action: 'destroy', caller });
	waiters.removed(container.id, { code, error: null });
}
