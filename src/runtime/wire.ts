import type { ErrorCode } from '../errors.ts';
import type { ExecJob, ExitStatus, ShimAttach, ShimJob, ShimState } from './protocol.ts';

/**
 * What the daemon and a shim say to each other on a unix socket: one JSON object a line. After the answer to `attach`
 * the connection carries the raw bytes of the streams.
 */
export type ShimRequest =
	| { readonly op: 'job'; readonly job: ShimJob }
	| { readonly op: 'start' }
	| { readonly op: 'state' }
	| { readonly op: 'signal'; readonly signal: number; readonly all: boolean }
	| { readonly op: 'exec-kill'; readonly execId: string }
	| { readonly op: 'resize'; readonly rows: number; readonly columns: number; readonly execId: string | null }
	| { readonly op: 'exec'; readonly job: ExecJob }
	| { readonly op: 'exec-start'; readonly execId: string }
	| { readonly op: 'attach'; readonly attach: ShimAttach };

/** A request with the number that its answer will carry. */
export type NumberedRequest = ShimRequest & { readonly n: number };

/** The answer to one request. */
export type ShimAnswer =
	| { readonly n: number; readonly ok: unknown }
	| { readonly n: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What a shim says unasked. */
export type ShimEvent =
	| { readonly event: 'hello'; readonly pid: number }
	| { readonly event: 'exited'; readonly exit: ExitStatus }
	/** The kernel ended a process of the container for want of memory. */
	| { readonly event: 'oom' }
	/** The cgroup, the runtime's state and the socket are gone: another run of the container may begin. */
	| { readonly event: 'released' }
	| { readonly event: 'exec-exited'; readonly execId: string; readonly code: number };

/** What `state` answers: what a new daemon needs to take a shim over. */
export interface ShimReport {
	readonly state: ShimState;
	readonly shimPid: number;
	readonly stateDir: string;
	readonly cgroupPath: string;
	readonly runtimeName: string;
}

/** Longest line, in bytes; a longer one breaks the connection. */
export const maxLine = 16 * 1024 * 1024;
