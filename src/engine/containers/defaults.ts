/** What containers get that do not say; a running daemon may be told others. */
export interface ContainerDefaults {
	/** Bytes of /dev/shm. */
	readonly shmSize: number;
}
