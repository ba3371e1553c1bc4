import { bindLibc, check, cstring, FFIType as T } from './libc.ts';

const libc = bindLibc({ mount: { args: [T.ptr, T.ptr, T.ptr, T.u64, T.ptr], returns: T.i32 } });

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_REMOUNT = 32;

/** Mounts one cgroup v1 controller. @throws SyscallError */
export function mountCgroup(target: string, controller: string): void {
	const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	const type = cstring('cgroup');
	check(libc().mount(type, cstring(target), type, flags, cstring(controller)), 'mount', target);
}

/** Sets `favordynmods` on a cgroup v2 mount. @throws SyscallError */
export function remountFavorDynMods(target: string): void {
	const type = cstring('cgroup2');
	check(libc().mount(type, cstring(target), type, MS_REMOUNT, cstring('favordynmods')), 'remount', target);
}
