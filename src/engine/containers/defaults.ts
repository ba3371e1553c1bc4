import type { Ulimit } from './model.ts';

/** What containers get that do not say; a running daemon may be told others. */
export interface ContainerDefaults {
	/** Bytes of /dev/shm. */
	readonly shmSize: number;
	/** `private` or `shareable`. */
	readonly ipcMode: string;
	/** From here on: looked at by each start. */
	readonly ulimits: readonly Ulimit[];
	readonly noNewPrivileges: boolean;
	/** `''` for the built-in one, `unconfined`, or a profile's JSON. */
	readonly seccompProfile: string;
	readonly dns: readonly string[];
	readonly dnsOptions: readonly string[];
	readonly dnsSearch: readonly string[];
	/** What `host-gateway` stands for; empty: the address of the bridge. */
	readonly hostGateways: readonly string[];
	/** Whether an init program is process 1. */
	readonly init: boolean;
	/** Path of that program; '' to choose. */
	readonly initPath: string;
}
