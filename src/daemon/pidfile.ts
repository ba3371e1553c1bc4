import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError, wrap } from '../errors.ts';

/** Writes our process id. @throws `conflict` when the file names a daemon that lives. */
export function claimPidfile(path: string): () => void {
	const other = runningDaemon(path);
	if (other !== null && other !== process.pid) {
		throw new EngineError(
			'conflict',
			`failed to start daemon: process with PID ${other} is still running; stop it, or give another --pidfile`,
		);
	}
	try {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, `${process.pid}`);
	} catch (error) {
		throw wrap(error, 'write the pidfile', path);
	}
	return () => rmSync(path, { force: true });
}

function runningDaemon(path: string): number | null {
	try {
		const pid = Number(readFileSync(path, 'utf8').trim());
		// The number may have gone to another program meanwhile.
		if (!Number.isInteger(pid) || pid <= 0) return null;
		return programOf(pid) === programOf('self') && isDaemon(pid) ? pid : null;
	} catch (error) {
		// Gone, or nothing that we may look at.
		if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code)))
			return null;
		throw error;
	}
}

/** The file that a process runs, replaced since or not. */
function programOf(pid: number | 'self'): string {
	return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
}

function isDaemon(pid: number): boolean {
	return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('daemon');
}
