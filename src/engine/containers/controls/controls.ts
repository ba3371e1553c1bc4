import { EngineError } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { cgroupPathOf } from '../life/launch.ts';
import type { Container } from '../model.ts';
import { checkName } from '../names.ts';
import type { ContainerControls } from '../service.ts';
import { listProcesses, type ProcessTable } from './processes.ts';
import { type UpdateDependencies, updateContainer } from './update.ts';

export interface ControlDependencies extends UpdateDependencies {
	/** Freezes or thaws all processes of a container. */
	readonly setFrozen: (container: Container, frozen: boolean) => Promise<void>;
	/** Ids, on the host, of the processes of a cgroup and of those below it. */
	readonly processesOf: (cgroupPath: string) => readonly number[];
}

/** Verbs that change or look into a container without starting or stopping it. */
export function createControls(dependencies: ControlDependencies): ContainerControls {
	const { containers, mutex, setFrozen } = dependencies;

	const freeze = (ref: string, frozen: boolean, caller: Caller): Promise<void> => {
		const { id } = containers.resolve(ref);
		return mutex.run(id, async () => {
			const container = containers.resolve(id);
			const { state } = container;
			if (state.at !== (frozen ? 'running' : 'paused')) throw wrongState(container, frozen);
			await setFrozen(container, frozen);
			containers.update(
				id,
				// It may have ended meanwhile: then that is what it did.
				(one) =>
					one.state.at === state.at ? { ...one, state: { ...one.state, at: frozen ? 'paused' : 'running' } } : one,
				{ action: frozen ? 'pause' : 'unpause', caller },
			);
		});
	};

	return {
		pause: async (ref, caller) => freeze(ref, true, caller),
		unpause: async (ref, caller) => freeze(ref, false, caller),
		async rename(ref, name, caller) {
			const container = containers.resolve(ref);
			if (name === '') throw new EngineError('invalid_argument', 'Neither old nor new names may be empty');
			const next = checkName(name);
			if (next === container.name) {
				throw new EngineError('invalid_argument', 'Renaming a container with the same name as its current name');
			}
			containers.update(container.id, (one) => ({ ...one, name: next }), {
				action: 'rename',
				attributes: { oldName: `/${container.name}` },
				caller,
			});
		},
		update: (ref, changes, caller) => updateContainer(ref, changes, caller, dependencies),
		async top(ref, psArguments, caller): Promise<ProcessTable> {
			const container = containers.resolve(ref);
			if (container.state.at !== 'running' && container.state.at !== 'paused') {
				throw new EngineError('conflict', `container ${container.id} is not running`);
			}
			const table = await listProcesses(psArguments, dependencies.processesOf(cgroupPathOf(container)));
			containers.update(container.id, (one) => one, { action: 'top', caller });
			return table;
		},
	};
}

function wrongState(container: Container, frozen: boolean): EngineError {
	if (frozen && container.state.at === 'paused') {
		return new EngineError('conflict', `container ${container.name} is already paused`);
	}
	if (!frozen && container.state.at === 'running') {
		return new EngineError('conflict', `container ${container.name} is not paused`);
	}
	return new EngineError('conflict', `container ${container.id} is not running`);
}
