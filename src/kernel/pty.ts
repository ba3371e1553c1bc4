import { bindLibc, check, ptr, FFIType as T } from './libc.ts';

const libc = bindLibc({ ioctl: { args: [T.i32, T.u64, T.ptr], returns: T.i32 } });

const TIOCSWINSZ = 0x5414;

/** Sets the size of a terminal by its master. @throws SyscallError */
export function setWindowSize(fd: number, rows: number, columns: number): void {
	const size = new Uint16Array([rows, columns, 0, 0]);
	check(libc().ioctl(fd, TIOCSWINSZ, ptr(size)), 'ioctl', 'TIOCSWINSZ');
}
