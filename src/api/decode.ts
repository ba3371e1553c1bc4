import { EngineError } from '../errors.ts';

/**
 * Turns untrusted JSON into a value of a known shape, as Go's decoder does: keys match without regard to case, unknown
 * keys are ignored, `null` and absent give the zero value. `path` names the field in errors.
 * @throws EngineError `invalid_argument` naming the field.
 */
export type Decoder<T> = (value: unknown, path: string) => T;

/** What a decoder gives. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** Longest list or map taken in one field. */
const maxEntries = 65_536;

/** A failure of the field at `path`. */
export function invalidField(path: string, problem: string): EngineError {
	return new EngineError('invalid_argument', path === '' ? problem : `invalid value for ${path}: ${problem}`);
}

function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'array';
	return value === null ? 'null' : typeof value;
}

/** Text without NUL bytes; absent: `''`. */
export const text: Decoder<string> = (value, path) => {
	if (value === undefined || value === null) return '';
	if (typeof value !== 'string') throw invalidField(path, `expected a string, got ${kindOf(value)}`);
	if (value.includes('\0')) throw invalidField(path, 'must not contain a NUL byte');
	return value;
};

/** A boolean; absent: false. */
export const flag: Decoder<boolean> = (value, path) => {
	if (value === undefined || value === null) return false;
	if (typeof value !== 'boolean') throw invalidField(path, `expected a boolean, got ${kindOf(value)}`);
	return value;
};

/** A whole number within the range; absent: 0. */
export function integer(min = Number.MIN_SAFE_INTEGER, max = 2 ** 63): Decoder<number> {
	return (value, path) => {
		if (value === undefined || value === null) return 0;
		if (typeof value !== 'number' || !Number.isInteger(value)) {
			throw invalidField(path, `expected an integer, got ${typeof value === 'number' ? value : kindOf(value)}`);
		}
		if (value < min || value > max) throw invalidField(path, `${value} is out of range`);
		return value;
	};
}

/** null stays null and absent becomes null; else as `inner`. */
export function nullable<T>(inner: Decoder<T>): Decoder<T | null> {
	return (value, path) => (value === undefined || value === null ? null : inner(value, path));
}

/** A list; absent: empty. */
export function list<T>(inner: Decoder<T>): Decoder<readonly T[]> {
	return (value, path) => {
		if (value === undefined || value === null) return [];
		if (!Array.isArray(value)) throw invalidField(path, `expected an array, got ${kindOf(value)}`);
		if (value.length > maxEntries) throw invalidField(path, 'too many entries');
		return value.map((item, index) => inner(item, `${path}[${index}]`));
	};
}

/** A list of strings, or a single string for a list of one. */
export const words: Decoder<readonly string[]> = (value, path) =>
	typeof value === 'string' ? [text(value, path)] : list(text)(value, path);

/** An object used as a map; absent: empty. The result has no prototype, so that no key is special. */
export function map<T>(inner: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
	return (value, path) => {
		const result: Record<string, T> = Object.create(null);
		if (value === undefined || value === null) return result;
		if (!isPlainObject(value)) throw invalidField(path, `expected an object, got ${kindOf(value)}`);
		const entries = Object.entries(value);
		if (entries.length > maxEntries) throw invalidField(path, 'too many entries');
		for (const [key, item] of entries) {
			if (key.includes('\0')) throw invalidField(path, 'keys must not contain a NUL byte');
			result[key] = inner(item, `${path}[${JSON.stringify(key)}]`);
		}
		return result;
	};
}

/** An object with the given fields. Absent: all fields at their zero values. */
export function object<F extends Record<string, Decoder<unknown>>>(
	fields: F,
): Decoder<{ readonly [K in keyof F]: Decoded<F[K]> }> {
	const known = new Map(Object.keys(fields).map((key) => [key.toLowerCase(), key]));
	return (value, path) => {
		const given = new Map<string, unknown>();
		if (value !== undefined && value !== null) {
			if (!isPlainObject(value)) throw invalidField(path, `expected an object, got ${kindOf(value)}`);
			for (const [key, item] of Object.entries(value)) {
				const name = known.get(key.toLowerCase());
				// An exact spelling wins over one that differs in case.
				if (name !== undefined && (key === name || !given.has(name))) given.set(name, item);
			}
		}
		const result: Record<string, unknown> = {};
		for (const [name, decode] of Object.entries(fields)) {
			result[name] = decode(given.get(name), path === '' ? name : `${path}.${name}`);
		}
		return result as { readonly [K in keyof F]: Decoded<F[K]> };
	};
}

/** Anything, unlooked at. */
export const anything: Decoder<unknown> = (value) => value;

function isPlainObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
