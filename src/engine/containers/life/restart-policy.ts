import type { Container, RestartPolicy } from '../model.ts';

const firstDelay = 100;
const longestDelay = 60_000;
/** A run of this many milliseconds counts as a success: the back-off starts anew. */
const goodRun = 10_000;

/** What a restart policy says of an exit. */
export type RestartDecision =
	| { readonly restart: false }
	| { readonly restart: true; readonly delay: number; readonly because: string };

/**
 * Decides after an exit. `previousDelay`: the delay before the run that ended, 0 for none; `ranFor` in milliseconds;
 * `demanded`: a restart is wanted whatever the policy says.
 * The delay doubles from 100 ms up to a minute.
 */
export function decideRestart(
	container: Pick<Container, 'manuallyStopped' | 'restartCount'> & { readonly policy: RestartPolicy },
	exit: { readonly code: number; readonly ranFor: number; readonly previousDelay: number; readonly demanded?: boolean },
): RestartDecision {
	const wanted = exit.demanded === true || wantsRestart(container.policy, container.restartCount, exit.code);
	if (container.manuallyStopped || !wanted) {
		return { restart: false };
	}
	const delay =
		exit.previousDelay === 0 || exit.ranFor >= goodRun ? firstDelay : Math.min(exit.previousDelay * 2, longestDelay);
	return { restart: true, delay, because: `restart policy ${container.policy.name}, exit code ${exit.code}` };
}

/** Whether a policy wants another start after an exit with that code, so many restarts having been made. */
export function wantsRestart(policy: RestartPolicy, count: number, code: number): boolean {
	switch (policy.name) {
		case 'no':
			return false;
		case 'always':
		case 'unless-stopped':
			return true;
		case 'on-failure':
			return code !== 0 && (policy.maximumRetryCount === 0 || count < policy.maximumRetryCount);
	}
}

/** Whether a container that is not running is started when the daemon starts. */
export function startsWithDaemon(container: Container): boolean {
	const { state, hostConfig, hasBeenStarted, manuallyStopped, restartCount } = container;
	if (!hasBeenStarted || state.at !== 'exited') return false;
	const policy = hostConfig.restartPolicy;
	if (policy.name === 'always') return true;
	return !manuallyStopped && wantsRestart(policy, restartCount, state.code);
}
