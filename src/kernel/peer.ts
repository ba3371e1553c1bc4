import { readlinkSync } from 'node:fs';
import { bindLibc, check, FFIType, ptr } from './libc.ts';

const libc = bindLibc({
	getsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
});

const solSocket = 1;
const soPeercred = 17;

/** The process at the other end of a unix socket, as it was when it connected. */
export interface Peer {
	readonly pid: number;
	readonly uid: number;
	readonly gid: number;
	/** Path of its executable; null when it is gone already. */
	readonly executable: string | null;
}

/** Asks the kernel who connected. Source: unix(7), SO_PEERCRED. @throws SyscallError for what is no unix socket. */
export function peerOf(fd: number): Peer {
	const credentials = new Int32Array(3);
	const length = new Uint32Array([credentials.byteLength]);
	check(libc().getsockopt(fd, solSocket, soPeercred, ptr(credentials), ptr(length)), 'getsockopt', 'SO_PEERCRED');
	const [pid = 0, uid = 0, gid = 0] = credentials;
	return { pid, uid: uid >>> 0, gid: gid >>> 0, executable: executableOf(pid) };
}

function executableOf(pid: number): string | null {
	try {
		return readlinkSync(`/proc/${pid}/exe`);
	} catch (error) {
		// The client may be gone, or be no business of ours (another pid namespace).
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) return null;
		throw error;
	}
}
