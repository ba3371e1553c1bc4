import { EngineError } from '../errors.ts';

/** A boolean query parameter as dockerd reads it: anything but these words is true. */
export function queryFlag(query: URLSearchParams, name: string, absent = false): boolean {
	const value = query.get(name);
	if (value === null) return absent;
	return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}

/** A whole number from the query; null when absent or empty. @throws EngineError `invalid_argument`. */
export function queryInteger(query: URLSearchParams, name: string): number | null {
	const value = query.get(name);
	if (value === null || value === '') return null;
	if (!/^-?\d{1,15}$/.test(value)) {
		throw new EngineError('invalid_argument', `invalid value for ${name}: ${JSON.stringify(value)} is not an integer`);
	}
	return Number(value);
}

/**
 * The `filters` parameter: `{"key": {"value": true}}` or the older `{"key": ["value"]}`.
 * @throws EngineError `invalid_argument` (`invalid filter`).
 */
export function parseFilters(value: string | null): ReadonlyMap<string, readonly string[]> {
	const result = new Map<string, readonly string[]>();
	if (value === null || value === '') return result;
	let parsed: unknown;
	try {
		parsed = JSON.parse(value);
	} catch (error) {
		throw new EngineError('invalid_argument', 'invalid filter', { cause: error });
	}
	if (parsed === null) return result;
	if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new EngineError('invalid_argument', 'invalid filter');
	for (const [key, accepted] of Object.entries(parsed)) {
		const values = filterValues(accepted);
		if (values === null) throw new EngineError('invalid_argument', 'invalid filter');
		result.set(key, values);
	}
	return result;
}

function filterValues(accepted: unknown): readonly string[] | null {
	if (Array.isArray(accepted)) return accepted.every((item) => typeof item === 'string') ? accepted : null;
	if (typeof accepted !== 'object' || accepted === null) return null;
	const entries = Object.entries(accepted);
	if (!entries.every(([, on]) => typeof on === 'boolean')) return null;
	return entries.filter(([, on]) => on).map(([word]) => word);
}

const unitNanos: Readonly<Record<string, number>> = {
	ns: 1,
	us: 1e3,
	µs: 1e3,
	ms: 1e6,
	s: 1e9,
	m: 60e9,
	h: 3600e9,
};

/** A Go duration such as `1h30m` in nanoseconds; null when it is none. */
export function parseDuration(value: string): bigint | null {
	if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(value)) return null;
	let total = 0;
	for (const [, amount, , unit] of value.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
		total += Number(amount) * (unitNanos[unit ?? ''] ?? 0);
	}
	return Number.isFinite(total) ? BigInt(Math.round(total)) : null;
}

/**
 * A moment in nanoseconds since the epoch: unix seconds with fraction, RFC 3339 (also without zone or time: UTC) or a
 * duration back from `now`. null for absent or empty. @throws EngineError `invalid_argument`.
 */
export function parseMoment(value: string | null, name: string, now: bigint): bigint | null {
	if (value === null || value === '') return null;
	const seconds = /^(-?\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(value);
	if (seconds !== null) return BigInt(seconds[1] ?? '0') * 1_000_000_000n + fraction(seconds[2]);
	const date = /^(\d{4}-\d\d-\d\d)(?:T(\d\d(?::\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/.exec(value);
	if (date !== null) {
		const [, day, clock = '00:00:00', sub, zone = 'Z'] = date;
		const full = `${clock}:00:00`.slice(0, 8);
		const millis = Date.parse(`${day}T${full}${zone}`);
		if (!Number.isNaN(millis)) return BigInt(millis) * 1_000_000n + fraction(sub);
	}
	const duration = parseDuration(value);
	if (duration !== null) return now - duration;
	throw new EngineError(
		'invalid_argument',
		`invalid value for "${name}": failed to parse value as time or duration: ${JSON.stringify(value)}`,
	);
}

function fraction(digits: string | undefined): bigint {
	return digits === undefined ? 0n : BigInt(digits.padEnd(9, '0'));
}
