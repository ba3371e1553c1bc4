/**
 * How Go prints values: `%v` and its kin. A plain object prints as a map, `map[a:1 b:2]`, unless it is a struct
 * (see {@link Shapes}), which prints as `{1 2}`.
 */

/** A function member of a data object, called with a template's arguments. */
export type Method = (...args: unknown[]) => unknown;

/** What JSON cannot say of a value: whether an object stands for a Go map or a Go struct. */
export interface Shapes {
	isMap(value: object): boolean;
}

/** True for an object that is neither an array nor a function. */
export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as `%v` prints it. */
export function show(value: unknown, shapes: Shapes): string {
	if (value === null || value === undefined) return '<nil>';
	if (typeof value === 'number') return showNumber(value);
	if (Array.isArray(value)) return `[${value.map((item) => show(item, shapes)).join(' ')}]`;
	if (!isObject(value)) return String(value);
	const entries = Object.entries(value).filter(([, member]) => typeof member !== 'function');
	if (!shapes.isMap(value)) return `{${entries.map(([, member]) => show(member, shapes)).join(' ')}}`;
	entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
	return `map[${entries.map(([key, member]) => `${key}:${show(member, shapes)}`).join(' ')}]`;
}

/** A number as `%v` prints it: shortest digits, an exponent of two digits at least below 1e-4 and from 1e21. */
export function showNumber(value: number): string {
	if (Number.isNaN(value)) return 'NaN';
	if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
	if (value !== 0 && Math.abs(value) < 1e-4) return twoDigitExponent(value.toExponential());
	return twoDigitExponent(String(value));
}

/** `1e-7` → `1e-07`. */
export function twoDigitExponent(text: string): string {
	return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Go's name of a value's type, for error messages. */
export function typeOf(value: unknown): string {
	switch (typeof value) {
		case 'string':
			return 'string';
		case 'boolean':
			return 'bool';
		case 'number':
			return Number.isInteger(value) ? 'int' : 'float64';
		case 'bigint':
			return 'int64';
		default:
			return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
	}
}

/** Go templates' truth: everything but the zero value. */
export function isTrue(value: unknown): boolean {
	if (value === null || value === undefined) return false;
	if (Array.isArray(value)) return value.length > 0;
	if (isObject(value)) return Object.keys(value).length > 0;
	return Boolean(value);
}
