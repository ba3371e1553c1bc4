import { bindLibc, check, FFIType } from './libc.ts';

const { i32, u64 } = FFIType;
const libc = bindLibc({ prctl: { args: [i32, u64, u64, u64, u64], returns: i32 } });

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** Has the kernel kill this process when its parent dies. For helpers whose work is worth nothing then. */
export function dieWithParent(): void {
	check(libc().prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), 'prctl');
}
