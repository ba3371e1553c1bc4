import { EngineError } from '../../../errors.ts';
import type { Healthcheck } from '../../../oci/types.ts';
import type { ContainerConfig } from '../model.ts';

/** What one probe said. Times are RFC 3339 with nanoseconds. */
export interface ProbeResult {
	readonly start: string;
	readonly end: string;
	/** 0: healthy; -1: the probe did not end by itself, or did not start. */
	readonly exitCode: number;
	readonly output: string;
}

/** How healthy a container is. It is `unhealthy` too while nobody looks (paused, exited), as with Docker. */
export interface HealthState {
	readonly status: 'starting' | 'healthy' | 'unhealthy';
	/** Failures in a row. */
	readonly failingStreak: number;
	/** The last results, oldest first. */
	readonly log: readonly ProbeResult[];
}

/** A health check with everything decided. Times in milliseconds. */
export interface Check {
	readonly command: readonly string[];
	readonly interval: number;
	readonly timeout: number;
	readonly startPeriod: number;
	readonly startInterval: number;
	readonly retries: number;
}

const shortest = 1_000_000;
const logLength = 5;

/** The user's check; each field that the user left out is the image's. */
export function mergeHealthcheck(user: Healthcheck | null, image: Healthcheck | undefined): Healthcheck | null {
	if (user === null) return image ?? null;
	if (image === undefined) return user;
	const either = (field: Exclude<keyof Healthcheck, 'Test'>) => ({ [field]: user[field] || image[field] || 0 });
	return {
		Test: (user.Test ?? []).length > 0 ? (user.Test ?? []) : (image.Test ?? []),
		...either('Interval'),
		...either('Timeout'),
		...either('StartPeriod'),
		...either('StartInterval'),
		...either('Retries'),
	};
}

/** @throws `invalid_argument` in dockerd's words. */
export function checkHealthcheck(given: Healthcheck | null): void {
	if (given === null) return;
	const refuse = (problem: string): never => {
		throw new EngineError('invalid_argument', problem);
	};
	for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
		const value = given[field] ?? 0;
		if (value !== 0 && value < shortest) refuse(`${field} in Healthcheck cannot be less than 1ms`);
	}
	if ((given.Retries ?? 0) < 0) refuse('Retries in Healthcheck cannot be negative');
}

/** What is to be run and when; null when nothing is. */
export function checkOf(config: Pick<ContainerConfig, 'healthcheck' | 'shell'>): Check | null {
	const given = config.healthcheck;
	const [kind, ...words] = given?.Test ?? [];
	if (given === null || (kind !== 'CMD' && kind !== 'CMD-SHELL')) return null;
	const milliseconds = (nano: number | undefined, fallback: number) => ((nano ?? 0) > 0 ? (nano ?? 0) / 1e6 : fallback);
	const shell = config.shell !== null && config.shell.length > 0 ? config.shell : ['/bin/sh', '-c'];
	return {
		command: kind === 'CMD' ? words : [...shell, ...words],
		interval: milliseconds(given.Interval, 30_000),
		timeout: milliseconds(given.Timeout, 30_000),
		startPeriod: milliseconds(given.StartPeriod, 0),
		startInterval: milliseconds(given.StartInterval, 5_000),
		retries: (given.Retries ?? 0) > 0 ? (given.Retries ?? 0) : 3,
	};
}

/** At a start: everything is open again; the results of the last run stay in the log. */
export function startingHealth(previous: HealthState | undefined): HealthState {
	return { status: 'starting', failingStreak: 0, log: previous?.log ?? [] };
}

/** The state after a result. `age`: milliseconds between the container's start and the probe's. */
export function afterProbe(health: HealthState, result: ProbeResult, age: number, check: Check): HealthState {
	const log = [...health.log, result].slice(-logLength);
	if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
	// It may fail as it likes while it comes up.
	if (health.status === 'starting' && age < check.startPeriod) return { ...health, log };
	const failingStreak = health.failingStreak + 1;
	return { status: failingStreak >= check.retries ? 'unhealthy' : health.status, failingStreak, log };
}

/** Milliseconds until the next probe. `age`: since the container's start. */
export function nextProbe(health: HealthState, age: number, check: Check): number {
	return health.status === 'starting' && age < check.startPeriod ? check.startInterval : check.interval;
}
