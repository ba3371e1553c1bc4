import { rm } from 'node:fs/promises';
import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { withDeadline } from '../../../lib/deadline.ts';
import type { KeyedMutex } from '../../../lib/keyed-mutex.ts';
import { parseNano, timestamp } from '../../../lib/time.ts';
import type { ExitStatus, Shim } from '../../../runtime/protocol.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container } from '../model.ts';
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
	/** @throws `not_modified` when it runs, `conflict` when it is being removed; else what went wrong. */
	start(id: string, caller: Caller): Promise<void>;
	/** Takes over a container that runs already, or whose exit an earlier daemon did not record. */
	adopt(container: Container, shim: Shim): void;
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
	const restarts = new Map<string, ReturnType<typeof setTimeout>>();
	const delays = new Map<string, number>();
	let closed = false;

	const recordStart = (container: Container, launched: Launched, caller: Caller): void => {
		containers.update(
			container.id,
			(current) => ({
				...current,
				config: { ...current.config, ...launched.sandbox.identity },
				endpoints: launched.sandbox.endpoints,
				ports: launched.sandbox.ports,
				hasBeenStarted: true,
				manuallyStopped: false,
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

	const start = async (id: string, caller: Caller): Promise<void> => {
		const outcome = await tryStart(id, caller);
		if (outcome === null) return;
		// Outside the mutex, which the removal takes for itself.
		if (containers.find(id)?.hostConfig.autoRemove === true) await dependencies.remove(id, caller);
		throw outcome.error;
	};

	/** null when it runs; the error when it was recorded as the container's own. Refusals are thrown. */
	const tryStart = (id: string, caller: Caller): Promise<{ readonly error: unknown } | null> =>
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
				launched = await launch(container, dependencies);
			} catch (error) {
				recordFailedStart(container, error);
				return { error };
			}
			recordStart(container, launched, caller);
			watch(id, launched.shim);
			return null;
		});

	/** From here on the exit is answered, whoever waits for it. */
	const watch = (id: string, shim: Shim): void => {
		const { promise: finished, resolve } = Promise.withResolvers<void>();
		lives.set(id, { shim, finished });
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
		try {
			await releaseRun(container, dependencies);
		} catch (error) {
			report(`release container ${container.name}`, error);
		}
		const current = containers.resolve(container.id);
		const ranFor = milliseconds(status.startedAt, status.finishedAt);
		const decision = closed
			? ({ restart: false } as const)
			: decideRestart(
					{ ...current, policy: current.hostConfig.restartPolicy },
					{ code: status.code, ranFor, previousDelay: delays.get(current.id) ?? 0 },
				);
		if (status.oomKilled) containers.update(current.id, (one) => one, { action: 'oom' });
		containers.update(
			current.id,
			(one) => ({
				...one,
				endpoints: one.endpoints.map((endpoint) => ({
					...endpoint,
					endpointId: '',
					ipv4: '',
					prefixLength: 0,
					gateway: '',
					macAddress: '',
				})),
				ports: [],
				state: {
					at: 'exited',
					code: status.code,
					startedAt: status.startedAt,
					finishedAt: status.finishedAt,
					oomKilled: status.oomKilled,
					...(reason === undefined ? {} : { error: reason }),
					...(decision.restart ? { restarting: true } : {}),
				},
			}),
			{
				action: 'die',
				attributes: { exitCode: String(status.code), execDuration: String(Math.floor(ranFor / 1000)) },
			},
		);
		const shim = lives.get(current.id)?.shim;
		if (shim !== undefined) lives.leaving(current.id, shim.released);
		lives.delete(current.id);
		// The record has it now: a later daemon must not take it for the exit of a later run.
		await rm(layout.files(current.id).exit, { force: true });
		waiters.exited(current.id, { code: status.code, error: null }, !decision.restart);
		if (decision.restart) scheduleRestart(current.id, decision.delay);
		else {
			delays.delete(current.id);
			if (current.hostConfig.autoRemove) await dependencies.remove(current.id, self);
		}
	};

	const scheduleRestart = (id: string, delay: number): void => {
		delays.set(id, delay);
		const again = async (): Promise<void> => {
			restarts.delete(id);
			if (containers.find(id) === undefined) return;
			containers.update(id, (one) => ({ ...one, restartCount: one.restartCount + 1 }));
			try {
				await start(id, self);
			} catch (error) {
				if (codeOf(error) !== 'not_modified') report(`restart container ${id}`, error);
			}
		};
		restarts.set(
			id,
			setTimeout(() => void again(), delay),
		);
	};

	const cancelRestart = (id: string): boolean => {
		const timer = restarts.get(id);
		clearTimeout(timer);
		return restarts.delete(id);
	};

	const reconsiderRestart = (id: string): void => {
		const container = containers.find(id);
		if (container?.state.at !== 'exited' || !restarts.has(id)) return;
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
		start,
		reconsiderRestart,
		adopt: (container, shim) => watch(container.id, shim),
		recordExit,
		recordLoss,
		cancelRestart,
		close() {
			closed = true;
			for (const id of [...restarts.keys()]) cancelRestart(id);
		},
	};
}

/** The exit of a container whose shim went away without a word (power loss, kill -9 of the shim). */
function lostExit(container: Container): ExitStatus {
	const { state } = container;
	const finishedAt = timestamp();
	return {
		code: 255,
		oomKilled: false,
		finishedAt,
		startedAt: state.at === 'running' || state.at === 'paused' ? state.startedAt : finishedAt,
		pid: 0,
	};
}

function milliseconds(from: string, to: string): number {
	const start = parseNano(from);
	const end = parseNano(to);
	return start === null || end === null ? 0 : Math.max(0, Number((end - start) / 1_000_000n));
}
