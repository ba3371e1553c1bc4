/** The object types that events speak of. Source: Engine API 1.51, EventMessage.Type. */
export type EventType = 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'plugin' | 'builder';

/** Actions per type. Source: Engine API 1.51, SystemEvents. `exec_*` actions carry `: <command>` as dockerd's do. */
export interface EventActions {
	container:
		| 'attach'
		| 'commit'
		| 'copy'
		| 'create'
		| 'destroy'
		| 'detach'
		| 'die'
		| `exec_create: ${string}`
		| `exec_start: ${string}`
		| 'exec_die'
		| 'exec_detach'
		| 'export'
		| `health_status: ${string}`
		| 'kill'
		| 'oom'
		| 'pause'
		| 'rename'
		| 'resize'
		| 'restart'
		| 'start'
		| 'stop'
		| 'top'
		| 'unpause'
		| 'update'
		| 'archive-path'
		| 'extract-to-dir'
		| 'prune';
	image: 'create' | 'delete' | 'import' | 'load' | 'pull' | 'push' | 'save' | 'tag' | 'untag' | 'prune';
	network: 'create' | 'connect' | 'disconnect' | 'destroy' | 'update' | 'remove' | 'prune';
	volume: 'create' | 'mount' | 'unmount' | 'destroy' | 'prune';
	daemon: 'reload' | 'start' | 'stop';
	plugin: 'enable' | 'disable' | 'install' | 'remove';
	builder: 'prune';
}

/** Who asked for a transition: the peer of the API connection. Absent for the engine's own doings. */
export interface Caller {
	readonly uid?: number;
	readonly pid?: number;
	/** Path of the peer's executable. */
	readonly executable?: string;
	/** Remote address of a TCP peer. */
	readonly address?: string;
}

/** What the engine publishes: one transition of one object. */
export type NewEvent = {
	[T in EventType]: {
		readonly type: T;
		readonly action: EventActions[T];
		/** Full id (containers), reference or digest (images), id (networks), name (volumes). */
		readonly id: string;
		readonly attributes: Readonly<Record<string, string>>;
		readonly caller?: Caller;
	};
}[EventType];

/** A published event: `sequence` grows by one each, `time` in nanoseconds since the epoch. */
export type Event = NewEvent & { readonly sequence: number; readonly timeNano: bigint };
