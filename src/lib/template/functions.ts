import { TemplateError } from './lexer.ts';
import { sprintf } from './printf.ts';
import { isObject, isTrue, type Method, type Shapes, show, typeOf } from './values.ts';

/** The functions of Go's text/template and those that Docker's `--format` adds. `and` and `or` are the evaluator's. */
export function templateFunctions(shapes: Shapes): ReadonlyMap<string, Method> {
	return new Map<string, Method>([...comparisons(), ...printing(shapes), ...collections(shapes), ...dockers()]);
}

/** Names that a template may call; known before there is data. */
export function isFunction(name: string): boolean {
	return name === 'and' || name === 'or' || names.has(name);
}

function fail(message: string): never {
	throw new TemplateError(message);
}

function want(args: readonly unknown[], name: string, min: number, max = min): void {
	if (args.length >= min && args.length <= max) return;
	const wanted = max === Number.POSITIVE_INFINITY ? `at least ${min}` : String(min);
	fail(`wrong number of args for ${name}: want ${wanted} got ${args.length}`);
}

function compare(a: unknown, b: unknown): number {
	if (a === null || a === undefined || b === null || b === undefined) return fail('incompatible types for comparison');
	if (isObject(a) || Array.isArray(a)) return fail('invalid type for comparison');
	const numeric = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
	if (numeric(a) && numeric(b)) return Number(a) - Number(b);
	if (typeof a !== typeof b) return fail('incompatible types for comparison');
	if (typeof a === 'boolean') return fail('invalid type for comparison');
	return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function equal(a: unknown, b: unknown): boolean {
	if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
	if (isObject(a) || Array.isArray(a) || isObject(b) || Array.isArray(b)) return fail('non-comparable type');
	const numeric = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
	if (typeof a !== typeof b && !(numeric(a) && numeric(b))) return fail('incompatible types for comparison');
	return numeric(a) ? Number(a) === Number(b) : a === b;
}

function comparisons(): [string, Method][] {
	const ordered = (name: string, test: (order: number) => boolean): [string, Method] => [
		name,
		(...args) => {
			want(args, name, 2);
			return test(compare(args[0], args[1]));
		},
	];
	return [
		[
			'eq',
			(...args) => {
				if (args.length < 2)
					fail(
						args.length === 1
							? 'missing argument for comparison'
							: 'wrong number of args for eq: want at least 1 got 0',
					);
				return args.slice(1).some((other) => equal(args[0], other));
			},
		],
		[
			'ne',
			(...args) => {
				want(args, 'ne', 2);
				return !equal(args[0], args[1]);
			},
		],
		ordered('lt', (order) => order < 0),
		ordered('le', (order) => order <= 0),
		ordered('gt', (order) => order > 0),
		ordered('ge', (order) => order >= 0),
		[
			'not',
			(...args) => {
				want(args, 'not', 1);
				return !isTrue(args[0]);
			},
		],
	];
}

function printing(shapes: Shapes): [string, Method][] {
	const text = (args: readonly unknown[]) => sprint(args, shapes);
	return [
		['print', (...args) => sprint(args, shapes)],
		['println', (...args) => `${args.map((arg) => show(arg, shapes)).join(' ')}\n`],
		[
			'printf',
			(...args) => {
				want(args, 'printf', 1, Number.POSITIVE_INFINITY);
				return sprintf(asString(args[0], 'printf'), args.slice(1), shapes);
			},
		],
		['html', (...args) => text(args).replace(/["'&<>\0]/g, (char) => html[char] ?? char)],
		['js', (...args) => text(args).replace(/[\\'"<>&=\n\r\t]/g, (char) => js[char] ?? char)],
		['urlquery', (...args) => encodeURIComponent(text(args)).replaceAll('%20', '+')],
	];
}

const html: Readonly<Record<string, string>> = {
	'"': '&#34;',
	"'": '&#39;',
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'\0': '\uFFFD',
};
const js: Readonly<Record<string, string>> = {
	'\\': '\\\\',
	"'": "\\'",
	'"': '\\"',
	'<': '\\u003C',
	'>': '\\u003E',
	'&': '\\u0026',
	'=': '\\u003D',
	'\n': '\\u000A',
	'\r': '\\u000D',
	'\t': '\\u0009',
};

/** Go's `fmt.Sprint`: a space between two operands when neither is a string. */
function sprint(args: readonly unknown[], shapes: Shapes): string {
	let out = '';
	args.forEach((arg, index) => {
		if (index > 0 && typeof arg !== 'string' && typeof args[index - 1] !== 'string') out += ' ';
		out += show(arg, shapes);
	});
	return out;
}

function collections(shapes: Shapes): [string, Method][] {
	return [
		['index', (...args) => index(args, shapes)],
		['slice', (...args) => slice(args)],
		[
			'len',
			(...args) => {
				want(args, 'len', 1);
				const [value] = args;
				if (typeof value === 'string') return Buffer.byteLength(value);
				if (Array.isArray(value)) return value.length;
				if (isObject(value)) return Object.keys(value).length;
				return value === null || value === undefined
					? fail('len of nil pointer')
					: fail(`len of type ${typeOf(value)}`);
			},
		],
		[
			'call',
			(callee, ...args) =>
				typeof callee === 'function'
					? callee(...args)
					: fail(`non-function ${show(callee, shapes)} of type ${typeOf(callee)}`),
		],
	];
}

function index(args: readonly unknown[], shapes: Shapes): unknown {
	want(args, 'index', 1, Number.POSITIVE_INFINITY);
	let value = args[0];
	for (const key of args.slice(1)) {
		if (value === null || value === undefined) return fail('index of untyped nil');
		if (Array.isArray(value) || typeof value === 'string') {
			if (typeof key !== 'number') return fail(`cannot index slice/array with type ${typeOf(key)}`);
			if (key < 0 || key >= value.length) return fail(`index out of range: ${key}`);
			value = typeof value === 'string' ? Buffer.from(value)[key] : value[key];
		} else if (isObject(value)) {
			if (typeof key !== 'string') return fail(`value has type ${typeOf(key)}; should be string`);
			value = Object.hasOwn(value, key) ? value[key] : zeroElement(value, shapes);
		} else return fail(`can't index item of type ${typeOf(value)}`);
	}
	return value;
}

/** What a Go map gives for a key it lacks: `""` when its elements are strings. */
function zeroElement(map: Record<string, unknown>, shapes: Shapes): unknown {
	return shapes.isMap(map) && Object.values(map).every((value) => typeof value === 'string') ? '' : undefined;
}

function slice(args: readonly unknown[]): unknown {
	const [value, from = 0, to] = args;
	if (typeof value !== 'string' && !Array.isArray(value)) return fail(`can't slice item of type ${typeOf(value)}`);
	const end = to === undefined ? value.length : Number(to);
	const start = Number(from);
	if (start < 0 || start > value.length) return fail(`index out of range: ${start}`);
	if (end < 0 || end > value.length) return fail(`index out of range: ${end}`);
	if (start > end) return fail(`invalid slice index: ${start} > ${end}`);
	return value.slice(start, end);
}

function dockers(): [string, Method][] {
	return [
		['json', (value) => JSON.stringify(value ?? null)],
		['split', (text, separator) => asString(text, 'split').split(asString(separator, 'split'))],
		['join', (items, separator) => asList(items).join(asString(separator, 'join'))],
		['lower', (text) => asString(text, 'lower').toLowerCase()],
		['upper', (text) => asString(text, 'upper').toUpperCase()],
		[
			'title',
			(text) =>
				asString(text, 'title').replace(
					/(^|[^\p{L}\p{N}_'])(\p{L})/gu,
					(_, before, letter) => before + letter.toUpperCase(),
				),
		],
		[
			'pad',
			(text, before, after) => {
				const body = asString(text, 'pad');
				return body === '' ? body : ' '.repeat(Number(before)) + body + ' '.repeat(Number(after));
			},
		],
		['truncate', (text, length) => asString(text, 'truncate').slice(0, Number(length))],
	];
}

function asString(value: unknown, name: string): string {
	if (typeof value === 'string') return value;
	return fail(
		`wrong type for value; expected string; got ${value === undefined ? `nothing for ${name}` : typeOf(value)}`,
	);
}

function asList(value: unknown): unknown[] {
	if (Array.isArray(value)) return value;
	return value === null || value === undefined
		? []
		: fail(`wrong type for value; expected []string; got ${typeOf(value)}`);
}

const names: ReadonlySet<string> = new Set(templateFunctions({ isMap: () => true }).keys());
