import { parseNano, timestamp } from '../../../lib/time.ts';
import type { ExitStatus } from '../../../runtime/protocol.ts';
import type { Container } from '../model.ts';

/** The container after its run: without addresses and ports. */
export function ended(
	container: Container,
	status: ExitStatus,
	outcome: { readonly reason: string | undefined; readonly restarting: boolean },
): Container {
	return {
		...container,
		endpoints: container.endpoints.map((endpoint) => ({
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
			...(outcome.reason === undefined ? {} : { error: outcome.reason }),
			...(outcome.restarting ? { restarting: true } : {}),
		},
	};
}

/** The exit of a container whose shim went away without a word (power loss, kill -9 of the shim). */
export function lostExit(container: Container): ExitStatus {
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

/** Whole milliseconds between two times (RFC 3339), 0 or more. */
export function milliseconds(from: string, to: string): number {
	const start = parseNano(from);
	const end = parseNano(to);
	return start === null || end === null ? 0 : Math.max(0, Number((end - start) / 1_000_000n));
}
