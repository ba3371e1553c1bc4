const typeMask = 0o170000;
/** Go's bits for the file types of stat(2). Source: Go's io/fs, FileMode. */
const types: ReadonlyMap<number, number> = new Map([
	[0o040000, 2 ** 31],
	[0o120000, 2 ** 27],
	[0o060000, 2 ** 26],
	[0o010000, 2 ** 25],
	[0o140000, 2 ** 24],
	[0o020000, 2 ** 26 + 2 ** 21],
]);
const special: readonly (readonly [number, number])[] = [
	[0o4000, 2 ** 23],
	[0o2000, 2 ** 22],
	[0o1000, 2 ** 20],
];

/** A mode of stat(2) as Go's FileMode has it. */
export function goFileMode(mode: number): number {
	let result = (mode & 0o777) + (types.get(mode & typeMask) ?? 0);
	for (const [bit, value] of special) if ((mode & bit) !== 0) result += value;
	return result;
}

/** Nanoseconds since the epoch as Go prints times: UTC, without zeros at the end of the fraction. */
export function rfc3339(time: bigint): string {
	const billion = 1_000_000_000n;
	const fraction = ((time % billion) + billion) % billion;
	const seconds = new Date(Number((time - fraction) / billion) * 1000).toISOString().slice(0, 19);
	const digits = String(fraction).padStart(9, '0').replace(/0+$/, '');
	return `${seconds}${digits === '' ? '' : `.${digits}`}Z`;
}
