import type { ByteDuplex } from '../lib/byte-duplex.ts';

/** The OCI runtime program that a shim calls. */
export interface RuntimeProgram {
	/** Name in the API: `crun`, `runc`, or one given with `--add-runtime`. */
	readonly name: string;
	readonly path: string;
	readonly args: readonly string[];
	/** The runtime's own state directory (`--root`). */
	readonly root: string;
}

/** A log of files: the newest at `path`, older ones at `path.1`, `path.2.gz` … Sizes in bytes; -1: no limit. */
export interface LogFiles {
	readonly path: string;
	readonly maxSize: number;
	/** How many files there are at most, the newest included. */
	readonly maxFiles: number;
	/** Whether the older ones are compressed. */
	readonly compress: boolean;
}

/** Where a log is sent to. TLS files are PEM. */
export type SinkAddress =
	| { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: SinkTls | null }
	| { readonly kind: 'udp'; readonly host: string; readonly port: number }
	| { readonly kind: 'unix'; readonly path: string }
	| { readonly kind: 'unixgram'; readonly path: string };

export interface SinkTls {
	/** '': the certificate authorities of the system. */
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
	readonly skipVerify: boolean;
}

export interface SyslogSink {
	readonly driver: 'syslog';
	/** Null: the syslog socket of this host. */
	readonly address: SinkAddress | null;
	readonly format: '' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';
	readonly facility: number;
	readonly hostname: string;
	readonly tag: string;
}

export interface FluentdSink {
	readonly driver: 'fluentd';
	readonly address: SinkAddress;
	readonly tag: string;
	/** Members of every record beside those of the line. */
	readonly record: Readonly<Record<string, string>>;
	/** Start without a connection, and never hold the container up. */
	readonly async: boolean;
	/** Milliseconds before the first attempt to connect again. */
	readonly retryWait: number;
	/** Milliseconds between attempts when `async`; 0: they grow apart. */
	readonly reconnectInterval: number;
	readonly maxRetries: number;
	readonly requestAck: boolean;
	readonly subSecond: boolean;
	/** Milliseconds; 0: for ever. */
	readonly writeTimeout: number;
}

export interface GelfSink {
	readonly driver: 'gelf';
	readonly address: SinkAddress;
	readonly hostname: string;
	/** Members of every message beside those of the line. */
	readonly extra: Readonly<Record<string, string>>;
	/** For UDP. */
	readonly compression: 'gzip' | 'zlib' | 'none';
	readonly level: number;
	/** For TCP. */
	readonly maxReconnect: number;
	/** Milliseconds. */
	readonly reconnectDelay: number;
}

export interface JournaldSink {
	readonly driver: 'journald';
	/** Datagram socket of the journal. */
	readonly path: string;
	/** Fields of every entry beside those of the line. */
	readonly fields: Readonly<Record<string, string>>;
}

/** A log that is sent away, with a copy that can be read here. */
export interface SinkTarget {
	readonly driver: 'sink';
	readonly sink: SyslogSink | FluentdSink | GelfSink | JournaldSink;
	/** The copy, as the `local` driver writes it; null: none. */
	readonly cache: LogFiles | null;
	/** Bytes that wait for the sink at most. */
	readonly buffer: number;
	/** Drop the oldest rather than hold the container up. */
	readonly nonBlocking: boolean;
}

/** How a shim keeps a container's output. */
export type LogTarget =
	| { readonly driver: 'none' }
	| (LogFiles & {
			readonly driver: 'json-file';
			/** Attributes added to each line (`labels`, `env`, `tag` options). */
			readonly attributes: Readonly<Record<string, string>>;
	  })
	| (LogFiles & { readonly driver: 'local' })
	| SinkTarget;

/** Everything a shim needs to run one container without a daemon. */
export interface ShimJob {
	readonly id: string;
	/** Directory with `config.json`; on a tmpfs. */
	readonly bundle: string;
	/** Durable directory; `exit.json` is written there. */
	readonly stateDir: string;
	/** Unix socket to serve. */
	readonly socket: string;
	readonly runtime: RuntimeProgram;
	readonly tty: boolean;
	readonly openStdin: boolean;
	/** Close stdin when the first client that attached to it goes. */
	readonly stdinOnce: boolean;
	/** Rows, columns to start the terminal with. */
	readonly consoleSize: readonly [number, number] | null;
	readonly log: LogTarget;
	/** Cgroup path below each hierarchy's mount, e.g. `/gantry/<id>`; removed by the shim after the exit. */
	readonly cgroupPath: string;
}

/** How a container ended. Written durably as `exit.json` before anybody is told. */
export interface ExitStatus {
	/** The exit code, or 128 + the signal that ended it. */
	readonly code: number;
	readonly oomKilled: boolean;
	/** RFC 3339 with nanoseconds. */
	readonly finishedAt: string;
	readonly pid: number;
	readonly startedAt: string;
}

/** An exec for a shim to run. */
export interface ExecJob {
	readonly id: string;
	/** OCI `process` document. */
	readonly process: unknown;
	readonly tty: boolean;
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly consoleSize: readonly [number, number] | null;
}

/** A running exec, as a shim knows it. */
export interface ShimExec {
	/** @throws `invalid_argument` with the runtime's message when the command cannot be started. */
	start(): Promise<{ readonly pid: number }>;
	readonly exited: Promise<{ readonly code: number }>;
	/** SIGKILL to it and to what it started. */
	kill(): Promise<void>;
}

/** What a shim says of itself to a daemon that connects. */
export interface ShimState {
	readonly id: string;
	readonly at: 'ready' | 'running' | 'exited';
	readonly pid: number;
	readonly startedAt: string;
	/** The kernel ended a process of it for want of memory. */
	readonly oomKilled: boolean;
	readonly exit: ExitStatus | null;
	readonly execs: readonly { readonly id: string; readonly pid: number; readonly code: number | null }[];
}

/** Which streams an attach wants of a shim. */
export interface ShimAttach {
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	/** An exec's id; absent: the container's own process. */
	readonly execId?: string;
}

/**
 * The daemon's end of one shim. Every call has a deadline (10 s unless said otherwise) and throws `timeout` past it,
 * `unavailable` when the shim is gone.
 */
export interface Shim {
	readonly id: string;
	/** Runs the container. @throws `invalid_argument` with the runtime's message when the command cannot be started. */
	start(): Promise<{ readonly pid: number; readonly startedAt: string }>;
	/** Output comes as Docker's stdcopy frames, raw with a TTY; what is written goes to stdin, `end()` closes it. */
	attach(options: ShimAttach): Promise<ByteDuplex>;
	/** Sends a signal to the init process; `all`: kills every process of its cgroup. */
	signal(signal: number, options?: { readonly all?: boolean }): Promise<void>;
	resize(size: { readonly rows: number; readonly columns: number }, execId?: string): Promise<void>;
	/** Makes an exec ready: attach to it, then start it. */
	exec(job: ExecJob): Promise<ShimExec>;
	/** Hears each time that the kernel ends a process of the container for want of memory, from now on. */
	onOom(listener: () => void): void;
	/** Resolves once the exit status is durable. Rejects with `unavailable` when the shim dies without one. */
	readonly exited: Promise<ExitStatus>;
	/** Resolves once nothing of the run is left that another run would meet: cgroup, runtime state, socket. Never rejects. */
	readonly released: Promise<void>;
	/** Lets go of the connection (and of a shim that was never started, which then ends). */
	close(): void;
}

/** Makes shims and finds them again. */
export interface Shims {
	/** A shim, listening, with the job in hand but the container not yet started. */
	launch(job: ShimJob): Promise<Shim>;
	/** Connects to a shim that an earlier daemon left; null when there is none at that socket. `state` is what it said. */
	reconnect(id: string, socket: string): Promise<{ shim: Shim; state: ShimState } | null>;
	/** Ends what a shim that died left of its run: processes, cgroup, the runtime's state. Nothing there is fine. */
	clear(traces: Pick<ShimJob, 'id' | 'runtime' | 'cgroupPath'>): Promise<void>;
	/** A container will be started soon: keep a spare shim ready and pre-warm the cgroup hand-over. Never throws. */
	prewarm(): void;
	/** Ends spare shims; running ones are left alone. */
	close(): void;
}
