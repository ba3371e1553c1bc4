import { rm } from 'node:fs/promises';
import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { withDeadline } from '../../../lib/deadline.ts';
import type { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import type { ExitStatus, Shim } from '../../../runtime/protocol.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container } from '../model.ts';
import { ended, lostExit, milliseconds } from './exit.ts';
import { cgroupPathOf, type LaunchDependencies, type Launched, launch, releaseRun } from './launch.ts';
import { decideRestart, wantsRestart } from './restart-policy.ts';
import type { Waiters } from './waiters.ts';

export interface SupervisorDependencies extends LaunchDependencies {
	readonly containers: ContainerSet;
	readonly waiters: Waiters;
	readonly mutex: KeyedMutex;
	/** Removes a container after its run (auto-remove). */
	readonly remove: (id: string, caller: Caller) => Promise<void>;
	/** Hears of failures that nobody waits for. */
	readonly report: (doing: string, error: unknown) => void;
}

/** Starts containers and answers to their exits. */
export interface Supervisor {
	/** Counts restarts anew. @throws `not_modified` when it runs, `conflict` when it is being removed; else what went wrong. */
	start(id: string, caller: Caller): Promise<void>;
	/** Takes over a container that runs already. `oomKilled`: what its shim saw of that. */
	adopt(container: Container, shim: Shim, oomKilled: boolean): void;
	/** Has the container's next exit followed by a restart, whatever its policy says of that exit. */
	restartAfterExit(id: string, because: string): void;
	/** Records an exit that happened while nobody watched. */
	recordExit(container: Container, status: ExitStatus, reason?: string): Promise<void>;
	/** Records the end of a run whose shim is gone, after ending what is left of it: nothing may go on unwatched. */
	recordLoss(container: Container, reason: string): Promise<void>;
	/** Gives up a restart that is due when the container's restart policy, which has changed, does not want it any more. */
	reconsiderRestart(id: string): void;
	/** Drops a restart that is due. True when there was one. */
	cancelRestart(id: string): boolean;
	/** Drops all of them: the daemon stops. */
	close(): void;
}

const self: Caller = {};
/** How long a start waits, in milliseconds, for the shim of the last run to take its things away. */
const leavePatience = 10_000;

/** docker's exit codes for a process that could not be started. */
function failureCode(message: string): number {
	if (/executable file not found|no such file or directory/i.test(message)) return 127;
	if (/permission denied|is a directory/i.test(message)) return 126;
	return 128;
}

/** Makes the supervisor. */
export function createSupervisor(dependencies: SupervisorDependencies): Supervisor {
	const { containers, waiters, mutex, lives, layout, report } = dependencies;
	/** Restarts that are due; `because`: they come whatever the policy says. */
	const restarts = new Map<
		string,
		{ readonly timer: ReturnType<typeof setTimeout>; readonly because: string | undefined }
	>();
	const delays = new Map<string, number>();
	/** Why the run at hand is to be followed by another one, policy or not. */
	const demands = new Map<string, string>();
	let closed = false;

	const recordStart = (container: Container, launched: Launched, caller: Caller, again: boolean): void => {
		containers.update(
			container.id,
			(current) => ({
				...current,
				config: { ...current.config, ...launched.sandbox.identity },
				endpoints: launched.sandbox.endpoints,
				ports: launched.sandbox.ports,
				hasBeenStarted: true,
				manuallyStopped: false,
				restartCount: again ? current.restartCount : 0,
				state: { at: 'running', pid: launched.pid, startedAt: launched.startedAt },
			}),
			{ action: 'start', caller },
		);
	};

	const recordFailedStart = (container: Container, error: unknown): void => {
		const message = messageOf(error);
		const code = failureCode(message);
		delays.delete(container.id);
		containers.update(container.id, (current) => ({
			...current,
			state:
				current.state.at === 'exited'
					? { ...current.state, code, error: message, restarting: false }
					: { at: 'created', error: message, code },
		}));
		// Whoever waits for a container that was never up goes on waiting; after a restart that failed it is over.
		if (container.state.at === 'exited') waiters.exited(container.id, { code, error: null }, true);
	};

	const start = async (id: string, caller: Caller, again = false): Promise<void> => {
		const outcome = await tryStart(id, caller, again);
		if (outcome === null) return;
		// Outside the mutex, which the removal takes for itself.
		if (containers.find(id)?.hostConfig.autoRemove === true) await dependencies.remove(id, caller);
		throw outcome.error;
	};

	/** null when it runs; the error when it was recorded as the container's own. Refusals are thrown. */
	const tryStart = (id: string, caller: Caller, again: boolean): Promise<{ readonly error: unknown } | null> =>
		mutex.run(id, async () => {
			const container = containers.resolve(id);
			switch (container.state.at) {
				case 'running':
					throw new EngineError('not_modified', `container ${container.name} is already running`);
				case 'paused':
					throw new EngineError('conflict', 'cannot start a paused container, try unpause instead');
				case 'removing':
					throw new EngineError('conflict', 'container is marked for removal and cannot be started');
				case 'created':
				case 'exited':
			}
			cancelRestart(id);
			let launched: Launched;
			try {
				await withDeadline(lives.left(id), leavePatience, 'the end of its last run');
				// That end may have planned one.
				cancelRestart(id);
				launched = await launch(container, dependencies);
			} catch (error) {
				recordFailedStart(container, error);
				return { error };
			}
			recordStart(container, launched, caller, again);
			await dependencies.links.follow(id).catch((error: unknown) => report(`tell others of ${container.name}`, error));
			watch(id, launched.shim);
			return null;
		});

	/** From here on the exit is answered, whoever waits for it. */
	const watch = (id: string, shim: Shim): void => {
		const { promise: finished, resolve } = Promise.withResolvers<void>();
		lives.set(id, { shim, finished });
		demands.delete(id);
		shim.onOom(() => recordOom(id));
		const handle = async (): Promise<void> => {
			let status: ExitStatus;
			try {
				status = await shim.exited;
			} catch (error) {
				if (!closed) await recordLoss(containers.resolve(id), messageOf(error));
				return;
			}
			if (!closed) await recordExit(containers.resolve(id), status);
		};
		handle()
			.catch((error: unknown) => report(`record the exit of container ${id}`, error))
			.finally(resolve);
	};

	const recordOom = (id: string): void => {
		if (closed || lives.get(id) === undefined) return;
		containers.update(
			id,
			(one) =>
				one.state.at === 'running' || one.state.at === 'paused'
					? { ...one, state: { ...one.state, oomKilled: true } }
					: one,
			{ action: 'oom' },
		);
	};

	const recordLoss = async (container: Container, reason: string): Promise<void> => {
		try {
			const runtime = dependencies.runtimeOf(container.hostConfig.runtime);
			await dependencies.shims.clear({ id: container.id, runtime, cgroupPath: cgroupPathOf(container) });
		} catch (error) {
			report(`end what is left of container ${container.name}`, error);
		}
		await recordExit(container, lostExit(container), reason);
	};

	const recordExit = async (container: Container, status: ExitStatus, reason?: string): Promise<void> => {
		const current = containers.resolve(container.id);
		const { id } = current;
		const ranFor = milliseconds(status.startedAt, status.finishedAt);
		const because = demands.get(id);
		demands.delete(id);
		const decision = closed
			? ({ restart: false } as const)
			: decideRestart(
					{ ...current, policy: current.hostConfig.restartPolicy },
					{ code: status.code, ranFor, previousDelay: delays.get(id) ?? 0, demanded: because !== undefined },
				);
		const cleared = Promise.withResolvers<void>();
		lives.leaving(id, cleared.promise, lives.get(id)?.shim.released ?? Promise.resolve());
		try {
			const heard = 'oomKilled' in current.state && current.state.oomKilled === true;
			if (status.oomKilled && !heard) containers.update(id, (one) => one, { action: 'oom' });
			const oomKilled = status.oomKilled || heard;
			containers.update(id, (one) => ended(one, { ...status, oomKilled }, { reason, restarting: decision.restart }), {
				action: 'die',
				attributes: { exitCode: String(status.code), execDuration: String(Math.floor(ranFor / 1000)) },
			});
			lives.delete(id);
			await releaseRun(current, dependencies).catch((error: unknown) =>
				report(`release container ${current.name}`, error),
			);
			// The record has it now: a later daemon must not take it for the exit of a later run.
			await rm(layout.files(id).exit, { force: true });
		} finally {
			cleared.resolve();
		}
		waiters.exited(id, { code: status.code, error: null }, !decision.restart);
		if (decision.restart) scheduleRestart(id, decision.delay, because);
		else {
			delays.delete(id);
			if (current.hostConfig.autoRemove) await dependencies.remove(id, self);
		}
	};

	const scheduleRestart = (id: string, delay: number, because: string | undefined): void => {
		// Stopped by hand, or under another policy, while its last run was taken away.
		if (!isRestarting(containers.find(id))) return;
		delays.set(id, delay);
		const again = async (): Promise<void> => {
			restarts.delete(id);
			if (!isRestarting(containers.find(id))) return;
			containers.update(id, (one) => ({ ...one, restartCount: one.restartCount + 1 }));
			try {
				await start(id, self, true);
				if (because !== undefined) {
					containers.update(id, (one) => one, { action: 'restart', attributes: { reason: because } });
				}
			} catch (error) {
				if (codeOf(error) !== 'not_modified') report(`restart container ${id}`, error);
			}
		};
		restarts.set(id, { timer: setTimeout(() => void again(), delay), because });
	};

	const cancelRestart = (id: string): boolean => {
		clearTimeout(restarts.get(id)?.timer);
		return restarts.delete(id);
	};

	const reconsiderRestart = (id: string): void => {
		const container = containers.find(id);
		if (container?.state.at !== 'exited' || container.state.restarting !== true) return;
		if (restarts.get(id)?.because !== undefined) return;
		const { state, hostConfig, restartCount } = container;
		if (wantsRestart(hostConfig.restartPolicy, restartCount, state.code)) return;
		cancelRestart(id);
		delays.delete(id);
		containers.update(id, (one) => ({
			...one,
			state: one.state.at === 'exited' ? { ...one.state, restarting: false } : one.state,
		}));
		waiters.exited(id, { code: state.code, error: null }, true);
	};

	return {
		start: (id, caller) => start(id, caller),
		reconsiderRestart,
		adopt(container, shim, oomKilled) {
			watch(container.id, shim);
			const { state } = container;
			if (oomKilled && !('oomKilled' in state && state.oomKilled === true)) recordOom(container.id);
		},
		restartAfterExit: (id, because) => void demands.set(id, because),
		recordExit,
		recordLoss,
		cancelRestart,
		close() {
			closed = true;
			for (const id of [...restarts.keys()]) cancelRestart(id);
		},
	};
}

function isRestarting(container: Container | undefined): boolean {
	return container?.state.at === 'exited' && container.state.restarting === true;
}
