import { bindLibc, ptr, FFIType as T } from './libc.ts';

const libc = bindLibc({ clock_gettime: { args: [T.i32, T.ptr], returns: T.i32 } });

const CLOCK_REALTIME = 0;

/** The time in nanoseconds since the epoch. */
export function preciseNano(): bigint {
	const time = new BigInt64Array(2);
	libc().clock_gettime(CLOCK_REALTIME, ptr(time));
	return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}

/** The time as RFC 3339 with nanoseconds, trailing zeros cut as Go does. */
export function preciseNow(): string {
	const time = new BigInt64Array(2);
	libc().clock_gettime(CLOCK_REALTIME, ptr(time));
	const date = new Date(Number(time[0] ?? 0n) * 1000).toISOString().slice(0, 19);
	const fraction = String(time[1] ?? 0n)
		.padStart(9, '0')
		.replace(/0+$/, '');
	return fraction === '' ? `${date}Z` : `${date}.${fraction}Z`;
}
