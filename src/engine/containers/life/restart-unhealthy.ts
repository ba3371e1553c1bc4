import { codeOf, EngineError } from '../../../errors.ts';
import type { HealthState } from '../health/healthcheck.ts';
import type { Container } from '../model.ts';
import { endRun, type StopDependencies } from './stop.ts';

/** With this label set to `true` a container that becomes unhealthy is restarted. Not Docker's. */
export const restartUnhealthyLabel = 'io.gantry.restart-unhealthy';

/** @throws `invalid_argument` for a label that is neither true nor false. */
export function checkRestartUnhealthy(labels: Readonly<Record<string, string>>): void {
	const value = labels[restartUnhealthyLabel];
	if (value === undefined || value === 'true' || value === 'false') return;
	throw new EngineError('invalid_argument', `label ${restartUnhealthyLabel}=${value}: give true or false`);
}

/**
 * Restarts a container that became unhealthy, if its label asks for that: it is stopped with its own signal and patience, then
 * started after its restart policy's delay. `on-failure:N` allows N restarts; a container with auto-remove is left alone.
 */
export async function restartUnhealthy(
	container: Container,
	{ failingStreak }: HealthState,
	dependencies: StopDependencies,
): Promise<void> {
	const { hostConfig, config, restartCount, id } = container;
	if (config.labels[restartUnhealthyLabel] !== 'true' || hostConfig.autoRemove) return;
	const { name, maximumRetryCount } = hostConfig.restartPolicy;
	if (name === 'on-failure' && maximumRetryCount > 0 && restartCount >= maximumRetryCount) return;
	const because = `unhealthy after ${failingStreak} failed health checks`;
	dependencies.supervisor.restartAfterExit(id, because);
	try {
		await endRun(container, { timeout: null, signal: null }, { attributes: { reason: because } }, dependencies);
	} catch (error) {
		// Whoever removed it meanwhile was faster.
		if (codeOf(error) !== 'not_found') throw error;
	}
}
