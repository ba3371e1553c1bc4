import { rmSync } from 'node:fs';
import { killCgroup, removeCgroup } from '../kernel/cgroup.ts';
import type { ShimJob } from './protocol.ts';

/** What of a job says where its traces are. */
export type RunTraces = Pick<ShimJob, 'id' | 'runtime' | 'cgroupPath'>;

/**
 * Takes away what a run of a container leaves in the kernel and with the runtime: processes, cgroup, runtime state.
 * `reap` takes note of the caller's children that ended. Nothing there is fine. @throws SyscallError
 */
export async function clearRun({ id, runtime, cgroupPath }: RunTraces, reap: () => void = () => {}): Promise<void> {
	killCgroup(cgroupPath);
	// A process that was killed a moment ago still counts: the kernel tells nobody when it stops to.
	for (let wait = 1; removeCgroup(cgroupPath).length > 0 && wait < 1000; wait *= 2) {
		reap();
		await Bun.sleep(wait);
	}
	rmSync(`${runtime.root}/${id}`, { recursive: true, force: true });
}
