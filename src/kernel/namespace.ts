import { closeSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { bindLibc, check, cstring, Errno, FFIType, ptr, SyscallError } from './libc.ts';

const libc = bindLibc({
	unshare: { args: [FFIType.i32], returns: FFIType.i32 },
	setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
	mount: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
	umount2: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
});

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const ownNamespace = '/proc/thread-self/ns/net';

/**
 * Runs `body` and puts this thread back into the network namespace it came from, whatever happens.
 * A thread that cannot return would do everything else in a container's network: that ends the process.
 */
function returning<T>(body: () => T): T {
	const home = openSync(ownNamespace, 'r');
	try {
		return body();
	} finally {
		if (libc().setns(home, CLONE_NEWNET) !== 0) process.abort();
		closeSync(home);
	}
}

/**
 * Makes a network namespace that stays alive as a bind mount at `path`, and runs `configure` inside it, on this thread:
 * it must be synchronous. When anything throws, nothing of the namespace is left. @throws SyscallError
 */
export function createNetworkNamespace<T>(path: string, configure: () => T): T {
	mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
	closeSync(openSync(path, 'a', 0o444));
	try {
		return returning(() => {
			check(libc().unshare(CLONE_NEWNET), 'unshare', 'network namespace');
			const source = cstring(ownNamespace);
			const target = cstring(path);
			check(libc().mount(ptr(source), ptr(target), null, MS_BIND, null), 'mount', path);
			return configure();
		});
	} catch (error) {
		deleteNetworkNamespace(path);
		throw error;
	}
}

/** Removes the mount and its file; the namespace goes when its last process is gone. Nothing there is fine. @throws SyscallError */
export function deleteNetworkNamespace(path: string): void {
	const target = cstring(path);
	try {
		check(libc().umount2(ptr(target), MNT_DETACH), 'umount', path);
	} catch (error) {
		if (!(error instanceof SyscallError)) throw error;
		// EINVAL: a plain file without a mount, left by a crash between both steps.
		if (error.errno === Errno.ENOENT) return;
		if (error.errno !== Errno.EINVAL) throw error;
	}
	unlinkSync(path);
}

/** Runs the synchronous `body` in the network namespace at `path`, on this thread. @throws SyscallError */
export function inNetworkNamespace<T>(path: string, body: () => T): T {
	const namespace = openSync(path, 'r');
	try {
		return returning(() => {
			check(libc().setns(namespace, CLONE_NEWNET), 'setns', path);
			return body();
		});
	} finally {
		closeSync(namespace);
	}
}
