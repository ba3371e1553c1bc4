import type { Caller } from '../../events/types.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageExecConfig } from '../../oci/types.ts';
import type { Filters } from '../filters.ts';
import type { ProcessTable } from './controls/processes.ts';
import type { ContainerChanges } from './controls/update.ts';
import type { HealthState } from './health/healthcheck.ts';
import type { Container, ContainerConfig, EndpointRequest, ExecProcess, ExecSession, HostConfig } from './model.ts';

/** What `create` takes. */
export interface CreateRequest {
	/** `''`: a name is made up. */
	readonly name: string;
	readonly config: ContainerConfig;
	readonly hostConfig: HostConfig;
	readonly endpoints: Readonly<Record<string, EndpointRequest>>;
	/** `os/arch[/variant]`; `''`: any. */
	readonly platform: string;
}

export interface CreateResult {
	readonly id: string;
	readonly warnings: readonly string[];
}

/** Details of a stop: seconds to wait before the kill (-1: for ever) and the first signal. null: the container's own. */
export interface StopOptions {
	readonly timeout: number | null;
	readonly signal: string | null;
}

/** When a wait ends. `next-exit` waits for an exit after now, even of a container that is not running. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
	readonly code: number;
	readonly error: string | null;
}

/**
 * The verbs that move a container through its life. `ref` is an id, a unique id prefix or a name.
 * All throw `not_found` (`No such container: REF`) and `conflict` for a state that does not allow the verb.
 */
export interface ContainerVerbs {
	/** @throws `not_found` (`No such image: …`), `invalid_argument`, `conflict` (name in use). */
	create(request: CreateRequest, caller: Caller): Promise<CreateResult>;
	/** @throws `not_modified` when it runs already; `invalid_argument` when the runtime refuses the command. */
	start(ref: string, caller: Caller): Promise<void>;
	/** @throws `not_modified` when it is stopped already. */
	stop(ref: string, options: StopOptions, caller: Caller): Promise<void>;
	restart(ref: string, options: StopOptions, caller: Caller): Promise<void>;
	/** `signal`: a name with or without SIG, or a number. */
	kill(ref: string, signal: string, caller: Caller): Promise<void>;
	remove(
		ref: string,
		options: { readonly force: boolean; readonly volumes: boolean; readonly link: boolean },
		caller: Caller,
	): Promise<void>;
	/** Registers the wait before it resolves the first promise, so that nothing is missed between both. */
	wait(ref: string, condition: WaitCondition, signal: AbortSignal): Promise<{ readonly result: Promise<WaitResult> }>;
}

/** Verbs that change or look into a container without starting or stopping it. `ref` as for {@link ContainerVerbs}. */
export interface ContainerControls {
	/** Freezes all processes. @throws `conflict` unless it runs. */
	pause(ref: string, caller: Caller): Promise<void>;
	/** @throws `conflict` unless it is paused. */
	unpause(ref: string, caller: Caller): Promise<void>;
	/** @throws `conflict` for a name in use, `invalid_argument` for one that cannot be or is its own. */
	rename(ref: string, name: string, caller: Caller): Promise<void>;
	/** Changes limits and restart policy, in any state. Returns warnings. @throws `conflict`, `invalid_argument` */
	update(ref: string, changes: ContainerChanges, caller: Caller): Promise<readonly string[]>;
	/** What the host's ps says of its processes. `''`: `-ef`. @throws `conflict` unless it runs. */
	top(ref: string, psArguments: string, caller: Caller): Promise<ProcessTable>;
}

/** Which streams an attach wants. */
export interface AttachOptions {
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	/** Replay the log first. */
	readonly logs: boolean;
	/** Go on live. */
	readonly stream: boolean;
	/** `ctrl-p,ctrl-q` …; `''`: the default. */
	readonly detachKeys: string;
}

/** A prepared attachment. `pipe` connects the client and resolves when the container or the client is done. */
export interface Attachment {
	/** With a TTY the output is raw; without, it comes in Docker's stdcopy frames. */
	readonly tty: boolean;
	pipe(client: ByteDuplex): Promise<void>;
	/** Drops it when no client will come. */
	cancel(): void;
}

/** What `logs` takes. Times in nanoseconds since the epoch. */
export interface LogOptions {
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly follow: boolean;
	readonly since: bigint | null;
	readonly until: bigint | null;
	/** Lines from the end; null: all. */
	readonly tail: number | null;
	readonly timestamps: boolean;
	readonly details: boolean;
}

/** The streams of a container. */
export interface ContainerStreams {
	/** Works on a created container too: the client is connected before the process starts. */
	attach(ref: string, options: AttachOptions, caller: Caller): Promise<Attachment>;
	/** Bytes as `attach` sends them: frames, or raw with a TTY. @throws `unsupported` for a driver that cannot be read. */
	logs(
		ref: string,
		options: LogOptions,
		signal: AbortSignal,
	): Promise<{ tty: boolean; output: AsyncIterable<Uint8Array> }>;
	resize(ref: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
}

/** Disk use of a container in bytes: its own layer, and with the image. */
export interface ContainerSize {
	readonly rw: number;
	readonly rootFs: number;
}

/** Reading containers. */
export interface ContainerQueries {
	get(ref: string): Container;
	/** Newest first. `all` false: only running ones. `limit` 0: all. @throws `invalid_argument` for an unknown filter. */
	list(options: { readonly all: boolean; readonly limit: number; readonly filters: Filters }): readonly Container[];
	size(container: Container): Promise<ContainerSize>;
	/** Paths on the host that inspect shows. */
	paths(container: Container): ContainerPaths;
	/** Its links as they are now, `/other:/this/alias`, and the names that others' links give it, `/other/alias`. */
	linksOf(container: Container): { readonly links: readonly string[]; readonly names: readonly string[] };
	/** Ids of the exec sessions that are known of this container. */
	execIds(id: string): readonly string[];
	/** null: it has no health check, or never ran. */
	health(id: string): HealthState | null;
}

export interface ContainerPaths {
	readonly log: string;
	readonly hosts: string;
	readonly resolvConf: string;
	readonly hostname: string;
	readonly sandboxKey: string;
	/** Overlay directories; null when there is no snapshot. */
	readonly graph: {
		readonly lower: readonly string[];
		readonly upper: string;
		readonly work: string;
		readonly merged: string;
	} | null;
}

/** Exec sessions. `id` unknown: `not_found` (`No such exec instance: ID`). */
export interface Execs {
	/** @throws `conflict` when the container is not running or is paused. */
	create(ref: string, process: ExecProcess, caller: Caller): Promise<string>;
	/** Starts it; the attachment is connected before the process runs. `detach`: runs without a client. */
	start(
		id: string,
		options: {
			readonly detach: boolean;
			readonly tty: boolean;
			readonly consoleSize: readonly [number, number] | null;
		},
		caller: Caller,
	): Promise<Attachment | null>;
	inspect(id: string): ExecSession;
	resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
}

/** An image as containers need it. */
export interface ImageForContainer {
	readonly id: Digest;
	readonly chainId: Digest | null;
	readonly platform: string;
	readonly config: ImageExecConfig;
}
