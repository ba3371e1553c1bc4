import type { ByteDuplex } from '../../../lib/byte-duplex.ts';

/** A command that the engine itself runs in a container. */
export interface ExecRun {
	/** stdcopy frames. */
	readonly output: ByteDuplex;
	/** Its exit code. Never rejects: a process whose container is gone was killed. */
	readonly ended: Promise<number>;
	/** SIGKILL to it and to all that it started. Never rejects: what cannot be killed is gone. */
	kill(): Promise<void>;
}
