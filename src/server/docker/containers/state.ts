import type * as wire from '../../../api/container.ts';
import type { HealthState } from '../../../engine/containers/health/healthcheck.ts';
import type { ContainerState } from '../../../engine/containers/model.ts';

/** Go's zero time: "never". */
const never = '0001-01-01T00:00:00Z';

/** True while it has a process. */
export function isUp(state: ContainerState): boolean {
	return state.at === 'running' || state.at === 'paused';
}

/** Docker's word for the state. */
export function statusOf(state: ContainerState): NonNullable<wire.ContainerState['Status']> {
	return state.at === 'exited' && state.restarting === true ? 'restarting' : state.at;
}

/** `State` of inspect: the flags that Docker keeps, from our one state. */
export function stateResponse(state: ContainerState, health: HealthState | null): wire.ContainerState {
	const status = statusOf(state);
	return {
		Status: status,
		// A container that waits for its restart counts as running too, as dockerd has it.
		Running: isUp(state) || status === 'restarting',
		Paused: state.at === 'paused',
		Restarting: status === 'restarting',
		OOMKilled: 'oomKilled' in state && state.oomKilled === true,
		Dead: false,
		Pid: state.at === 'running' || state.at === 'paused' ? state.pid : 0,
		ExitCode: state.at === 'exited' || state.at === 'created' ? (state.code ?? 0) : 0,
		Error: 'error' in state ? (state.error ?? '') : '',
		StartedAt: 'startedAt' in state ? state.startedAt : never,
		FinishedAt: state.at === 'exited' ? state.finishedAt : never,
		...(health === null ? {} : { Health: healthResponse(health) }),
	};
}

function healthResponse({ status, failingStreak, log }: HealthState): wire.Health {
	return {
		Status: status,
		FailingStreak: failingStreak,
		Log: log.map(({ start, end, exitCode, output }) => ({
			Start: start,
			End: end,
			ExitCode: exitCode,
			Output: output,
		})),
	};
}

/** The human text of `ps`, as of `now` (milliseconds since the epoch). */
export function statusText(state: ContainerState, health: HealthState | null, now: number): string {
	const since = (time: string) => humanDuration(Math.max(0, now - Date.parse(time)) / 1000);
	switch (state.at) {
		case 'created':
			return 'Created';
		case 'running':
			return `Up ${since(state.startedAt)}${health === null ? '' : ` (${healthWord(health)})`}`;
		case 'paused':
			return `Up ${since(state.startedAt)} (Paused)`;
		case 'exited': {
			const verb = state.restarting === true ? 'Restarting' : 'Exited';
			return `${verb} (${state.code}) ${since(state.finishedAt)} ago`;
		}
		case 'removing':
			return 'Removal In Progress';
	}
}

function healthWord({ status }: HealthState): string {
	return status === 'starting' ? 'health: starting' : status;
}

/** Seconds in Docker's words: `Less than a second`, `About a minute`, `5 hours` … */
export function humanDuration(seconds: number): string {
	const whole = Math.floor(seconds);
	const minutes = Math.floor(seconds / 60);
	const hours = Math.round(seconds / 3600);
	if (whole < 1) return 'Less than a second';
	if (whole === 1) return '1 second';
	if (whole < 60) return `${whole} seconds`;
	if (minutes === 1) return 'About a minute';
	if (minutes < 60) return `${minutes} minutes`;
	if (hours === 1) return 'About an hour';
	if (hours < 48) return `${hours} hours`;
	if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
	if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
	if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
	return `${Math.floor(hours / 24 / 365)} years`;
}
