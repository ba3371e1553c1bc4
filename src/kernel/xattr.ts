import { bindLibc, check, FFIType } from './libc.ts';

const { i32, u64, i64, ptr } = FFIType;

const libc = bindLibc({
	lsetxattr: { args: [ptr, ptr, ptr, u64, i32], returns: i32 },
	fsetxattr: { args: [i32, ptr, ptr, u64, i32], returns: i32 },
	lgetxattr: { args: [ptr, ptr, ptr, u64], returns: i64 },
	getxattr: { args: [ptr, ptr, ptr, u64], returns: i64 },
	listxattr: { args: [ptr, ptr, u64], returns: i64 },
});

// bun:ffi takes no pointer of an empty array.
const nothing = Buffer.alloc(1);
// As much as the kernel ever gives.
const names = Buffer.allocUnsafe(65536);
const pointable = (value: Uint8Array): Uint8Array => (value.length === 0 ? nothing : value);

/** `path` and `name` NUL-terminated. Of the name itself, never of what a symbolic link points to. */
export function lsetxattr(path: Buffer, name: Buffer, value: Uint8Array): void {
	const subject = name.toString('utf8', 0, name.length - 1);
	check(libc().lsetxattr(path, name, pointable(value), value.length, 0), 'lsetxattr', subject);
}

export function fsetxattr(fd: number, name: Buffer, value: Uint8Array): void {
	const subject = name.toString('utf8', 0, name.length - 1);
	check(libc().fsetxattr(fd, name, pointable(value), value.length, 0), 'fsetxattr', subject);
}

/** The value; at most 64 KiB, as the kernel has it. */
export function lgetxattr(path: Buffer, name: Buffer): Buffer {
	const value = Buffer.alloc(65536);
	const subject = name.toString('utf8', 0, name.length - 1);
	const length = check(Number(libc().lgetxattr(path, name, value, value.length)), 'lgetxattr', subject);
	return value.subarray(0, length);
}

// The calls for descriptors refuse O_PATH ones; these two work on whatever they stand for, a symbolic link itself, too.
const pathOf = (fd: number): Buffer => Buffer.from(`/proc/self/fd/${fd}\0`);

/** The names of a file's attributes, one character per byte. */
export function listXattrs(fd: number): string[] {
	const length = check(Number(libc().listxattr(pathOf(fd), names, names.length)), 'listxattr');
	return length === 0 ? [] : names.toString('latin1', 0, length - 1).split('\0');
}

/** The value; at most 64 KiB, as the kernel has it. */
export function getXattr(fd: number, name: Buffer): Buffer {
	const subject = name.toString('utf8', 0, name.length - 1);
	const length = check(Number(libc().getxattr(pathOf(fd), name, names, names.length)), 'getxattr', subject);
	return Buffer.from(names.subarray(0, length));
}
