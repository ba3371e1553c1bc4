import { EngineError } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import { parseSignal } from '../../../lib/signals.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container } from '../model.ts';
import type { StopOptions } from '../service.ts';
import { cgroupPathOf } from './launch.ts';
import type { Lives } from './lives.ts';
import type { Supervisor } from './supervisor.ts';
import type { Waiters } from './waiters.ts';

const defaultTimeout = 10;
const sigkill = 9;
/** How long a killed container may take to be gone, in milliseconds, before its cgroup is killed. */
const killPatience = 5_000;

export interface StopDependencies {
	readonly containers: ContainerSet;
	readonly lives: Lives;
	readonly supervisor: Supervisor;
	readonly waiters: Waiters;
	/** Kills every process of a cgroup, with or without a shim. Resolves when it is empty. */
	readonly killCgroup: (cgroupPath: string) => Promise<void>;
	readonly setFrozen: (container: Container, frozen: boolean) => Promise<void>;
}

/** Resolves to true when `promise` does so within `milliseconds`; -1: for ever. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
	if (milliseconds < 0) {
		await promise;
		return true;
	}
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<boolean>((resolve) => {
		timer = setTimeout(() => resolve(false), milliseconds);
	});
	try {
		return await Promise.race([promise.then(() => true), late]);
	} finally {
		clearTimeout(timer);
	}
}

/** A frozen process takes no signal before it is thawed: docker thaws what it signals. */
async function thaw(container: Container, { containers, setFrozen }: StopDependencies): Promise<void> {
	if (containers.find(container.id)?.state.at !== 'paused') return;
	await setFrozen(container, false);
	containers.update(container.id, (one) =>
		one.state.at === 'paused' ? { ...one, state: { ...one.state, at: 'running' } } : one,
	);
}

/** Ends a running container for sure: SIGKILL, then the whole cgroup. Resolves when its exit is recorded. */
export async function killForSure(container: Container, dependencies: StopDependencies): Promise<void> {
	const live = dependencies.lives.get(container.id);
	if (live === undefined) return;
	try {
		await live.shim.signal(sigkill);
		await thaw(container, dependencies);
	} catch {
		// A shim that does not answer cannot protect its container: the cgroup is killed below.
		await dependencies.killCgroup(cgroupPathOf(container));
	}
	if (await within(live.finished, killPatience)) return;
	await dependencies.killCgroup(cgroupPathOf(container));
	if (await within(live.finished, killPatience)) return;
	throw new EngineError(
		'timeout',
		`cannot stop container: ${container.name}: it did not end after SIGKILL; a process of it may hang in the kernel`,
	);
}

function isActive(container: Container): boolean {
	const { state } = container;
	return state.at === 'running' || state.at === 'paused' || (state.at === 'exited' && state.restarting === true);
}

/** Ends a restart that is due: the container stays exited. True when there was one. */
function giveUpRestart(container: Container, dependencies: StopDependencies): boolean {
	const cancelled = dependencies.supervisor.cancelRestart(container.id);
	if (container.state.at !== 'exited' || container.state.restarting !== true) return cancelled;
	const { code } = container.state;
	dependencies.containers.update(container.id, (one) => ({
		...one,
		manuallyStopped: true,
		state: one.state.at === 'exited' ? { ...one.state, restarting: false } : one.state,
	}));
	dependencies.waiters.exited(container.id, { code, error: null }, true);
	return true;
}

/** Stops a container: its signal, the patience asked for, SIGKILL. @throws `not_modified`. */
export async function stopContainer(
	container: Container,
	options: StopOptions,
	caller: Caller,
	dependencies: StopDependencies,
): Promise<void> {
	const { containers } = dependencies;
	parseSignal(options.signal ?? container.config.stopSignal ?? 'TERM');
	if (!isActive(container)) throw new EngineError('not_modified', `container ${container.name} is already stopped`);
	if (!giveUpRestart(container, dependencies)) {
		containers.update(container.id, (one) => ({ ...one, manuallyStopped: true }));
		await endRun(container, options, { caller }, dependencies);
	}
	if (containers.find(container.id) !== undefined) {
		containers.update(container.id, (one) => one, { action: 'stop', caller });
	}
}

/** What the events of a stop say beside the signal. */
export interface StopReason {
	readonly caller?: Caller;
	readonly attributes?: Readonly<Record<string, string>>;
}

/** Ends the run at hand: the stop signal, the patience, SIGKILL. Resolves when the exit is recorded. */
export async function endRun(
	container: Container,
	options: StopOptions,
	reason: StopReason,
	dependencies: StopDependencies,
): Promise<void> {
	const live = dependencies.lives.get(container.id);
	if (live === undefined) return;
	const signal = parseSignal(options.signal ?? container.config.stopSignal ?? 'TERM');
	announceSignal(container, signal, reason, dependencies);
	const seconds = options.timeout ?? container.config.stopTimeout ?? defaultTimeout;
	const sent = await live.shim
		.signal(signal)
		.then(() => thaw(container, dependencies))
		.then(
			() => true,
			() => false,
		);
	if (sent && (await within(live.finished, seconds < 0 ? -1 : seconds * 1000))) return;
	// It may have ended by itself meanwhile, or be in another run already.
	if (dependencies.lives.get(container.id) !== live) return;
	announceSignal(container, sigkill, reason, dependencies);
	await killForSure(container, dependencies);
}

function announceSignal(
	container: Container,
	signal: number,
	{ caller, attributes }: StopReason,
	{ containers }: StopDependencies,
): void {
	containers.update(container.id, (one) => one, {
		action: 'kill',
		attributes: { signal: String(signal), ...attributes },
		caller,
	});
}

/** Sends a signal; SIGKILL waits until the container is gone. @throws `conflict` when it is not running. */
export async function killContainer(
	container: Container,
	signalText: string,
	caller: Caller,
	dependencies: StopDependencies,
): Promise<void> {
	const { containers, lives } = dependencies;
	const signal = parseSignal(signalText === '' ? 'KILL' : signalText);
	const live = lives.get(container.id);
	if (live === undefined) {
		if (signal === sigkill && giveUpRestart(container, dependencies)) return;
		throw new EngineError(
			'conflict',
			`cannot kill container: ${container.name}: container ${container.id} is not running`,
		);
	}
	const stops = signal === sigkill || signal === parseSignal(container.config.stopSignal ?? 'TERM');
	containers.update(container.id, (one) => (stops ? { ...one, manuallyStopped: true } : one), {
		action: 'kill',
		attributes: { signal: String(signal) },
		caller,
	});
	if (signal === sigkill) await killForSure(container, dependencies);
	else {
		await live.shim.signal(signal);
		await thaw(container, dependencies);
	}
}
