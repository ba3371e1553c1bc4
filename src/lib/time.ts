/** Milliseconds to add to the monotonic clock to get the wall clock; set again when the wall clock was set. */
let offset = Date.now() - performance.now();

/** The wall clock in nanoseconds since the epoch, with the microseconds of the monotonic clock. */
export function nowNano(): bigint {
	const wall = Date.now();
	const monotonic = performance.now();
	if (Math.abs(wall - (offset + monotonic)) > 2) offset = wall - monotonic;
	return BigInt(Math.round((offset + monotonic) * 1000)) * 1000n;
}

/** RFC 3339 with nine digits of fraction, UTC, e.g. `2024-05-01T10:00:00.000000001Z`. */
export function formatNano(nano: bigint): string {
	const seconds = nano / 1_000_000_000n;
	const fraction = (nano % 1_000_000_000n).toString().padStart(9, '0');
	return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** The present as {@link formatNano} prints it. */
export function timestamp(): string {
	return formatNano(nowNano());
}

/** Nanoseconds since the epoch of an RFC 3339 time; null when it is not one. */
export function parseNano(text: string): bigint | null {
	const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
	if (match === null) return null;
	const milliseconds = Date.parse(`${match[1]}${match[3]}`);
	if (Number.isNaN(milliseconds)) return null;
	return BigInt(milliseconds) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/** Nanoseconds as Go prints a duration: `1m30s`, `1.5s`, `250ms`. */
export function formatDuration(nano: number): string {
	const units: readonly (readonly [string, number])[] = [
		['ns', 1],
		['µs', 1e3],
		['ms', 1e6],
	];
	const trimmed = (value: number): string => value.toFixed(9).replace(/\.?0+$/, '');
	if (nano === 0) return '0s';
	const small = units.find(([, size]) => nano < size * 1000);
	if (small !== undefined) return `${trimmed(nano / small[1])}${small[0]}`;
	const hours = Math.floor(nano / 3600e9);
	const minutes = Math.floor((nano % 3600e9) / 60e9);
	const seconds = `${trimmed((nano % 60e9) / 1e9)}s`;
	if (hours > 0) return `${hours}h${minutes}m${seconds}`;
	return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
