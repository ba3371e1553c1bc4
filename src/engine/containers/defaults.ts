/** What containers get that do not say; a running daemon may be told others. */
export interface ContainerDefaults {
	/** Bytes of /dev/shm. */
	readonly shmSize: number;
	/** Whether an init program is process 1; looked at by each start. */
	readonly init: boolean;
	/** Path of that program; '' to choose. */
	readonly initPath: string;
}
