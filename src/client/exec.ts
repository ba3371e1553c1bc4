import type { IDResponse } from '../api/system.ts';
import type { ApiClient, Hijacked } from './client.ts';

/** What to run. Names as on the wire. */
export interface ExecBody {
	readonly User: string;
	readonly Privileged: boolean;
	readonly Tty: boolean;
	readonly ConsoleSize?: readonly [number, number];
	readonly AttachStdin: boolean;
	readonly AttachStderr: boolean;
	readonly AttachStdout: boolean;
	readonly Detach?: boolean;
	readonly DetachKeys: string;
	readonly Env: readonly string[] | null;
	readonly WorkingDir: string;
	readonly Cmd: readonly string[];
}

/** `/exec` of the API. Every call @throws EngineError with the daemon's message. */
export function execsOf(client: ApiClient) {
	return {
		create: (container: string, json: ExecBody) =>
			client.json<IDResponse>({ method: 'POST', path: `/containers/${encodeURIComponent(container)}/exec`, json }),
		/** Runs it detached. */
		start: (id: string, json: { Detach: true; Tty: boolean; ConsoleSize?: readonly [number, number] }) =>
			client.done({ method: 'POST', path: `/exec/${id}/start`, json }),
		/** Runs it and takes its streams. */
		attach: (
			id: string,
			json: { Detach: false; Tty: boolean; ConsoleSize?: readonly [number, number] },
		): Promise<Hijacked> => client.hijack({ method: 'POST', path: `/exec/${id}/start`, json }),
		resize: (id: string, size: { rows: number; columns: number }) =>
			client.done({ method: 'POST', path: `/exec/${id}/resize`, query: { h: size.rows, w: size.columns } }),
		inspect: (id: string) =>
			client.json<{ Running?: boolean; ExitCode?: number | null }>({ method: 'GET', path: `/exec/${id}/json` }),
	};
}
