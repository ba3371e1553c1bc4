import { quote } from './unquote.ts';
import { type Shapes, show, twoDigitExponent, typeOf } from './values.ts';

const directive = /%([+\-# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.)/gsu;

/** Go's `fmt.Sprintf`: %v %s %d %q %x %X %o %b %c %t %f %e %g %T %%, with flags, width and precision. */
export function sprintf(format: string, args: readonly unknown[], shapes: Shapes): string {
	let next = 0;
	const take = (text: string | undefined): number | undefined =>
		text === undefined ? undefined : text === '*' ? Number(args[next++]) : Number(text);
	const out = format.replace(directive, (whole, flags: string, wide: string | undefined, exact, verb: string) => {
		if (verb === '%') return '%';
		const width = take(wide) ?? 0;
		const precision = take(exact) ?? (whole.includes('.') ? 0 : undefined);
		if (next >= args.length) return `%!${verb}(MISSING)`;
		return pad(formatVerb(verb, args[next++], flags, precision, shapes), width, flags, verb);
	});
	const whole = /%$/.test(format.replaceAll('%%', '')) ? `${out.slice(0, -1)}%!(NOVERB)` : out;
	if (next >= args.length) return whole;
	const extra = args.slice(next).map((arg) => `${typeOf(arg)}=${show(arg, shapes)}`);
	return `${whole}%!(EXTRA ${extra.join(', ')})`;
}

function pad(text: string, width: number, flags: string, verb: string): string {
	const missing = Math.abs(width) - [...text].length;
	if (missing <= 0) return text;
	if (flags.includes('-') || width < 0) return text + ' '.repeat(missing);
	if (!flags.includes('0') || !'dxXobfeEgG'.includes(verb)) return ' '.repeat(missing) + text;
	const sign = /^[+-]/.exec(text)?.[0] ?? '';
	return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function formatVerb(
	verb: string,
	value: unknown,
	flags: string,
	precision: number | undefined,
	shapes: Shapes,
): string {
	if (verb === 'T') return typeOf(value);
	if (Array.isArray(value) && verb !== 'v') {
		return `[${value.map((item) => formatVerb(verb, item, flags, precision, shapes)).join(' ')}]`;
	}
	if (verb === 'v') return flags.includes('#') && typeof value === 'string' ? quote(value) : show(value, shapes);
	const text =
		typeof value === 'string'
			? formatString(verb, value, precision)
			: typeof value === 'number' || typeof value === 'bigint'
				? formatNumber(verb, Number(value), flags, precision)
				: verb === 't' && typeof value === 'boolean'
					? String(value)
					: null;
	if (text !== null) return text;
	return value === null || value === undefined
		? `%!${verb}(<nil>)`
		: `%!${verb}(${typeOf(value)}=${show(value, shapes)})`;
}

function formatString(verb: string, value: string, precision: number | undefined): string | null {
	const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
	if (verb === 's') return cut;
	if (verb === 'q') return quote(cut);
	if (verb !== 'x' && verb !== 'X') return null;
	const hex = Buffer.from(cut).toString('hex');
	return verb === 'X' ? hex.toUpperCase() : hex;
}

function formatNumber(verb: string, value: number, flags: string, precision: number | undefined): string | null {
	const sign = flags.includes('+') && value >= 0 ? '+' : '';
	const integer = Number.isInteger(value);
	switch (verb) {
		case 'd':
			return integer ? sign + String(value) : null;
		case 'x':
			return integer ? (flags.includes('#') ? '0x' : '') + value.toString(16) : null;
		case 'X':
			return integer ? (flags.includes('#') ? '0X' : '') + value.toString(16).toUpperCase() : null;
		case 'o':
			return integer ? value.toString(8) : null;
		case 'b':
			return integer ? value.toString(2) : null;
		case 'c':
			return integer ? String.fromCodePoint(value) : null;
		case 'q':
			return integer ? `'${String.fromCodePoint(value)}'` : null;
		case 'f':
		case 'F':
			return sign + value.toFixed(precision ?? 6);
		case 'e':
			return sign + twoDigitExponent(value.toExponential(precision ?? 6));
		case 'g':
			return sign + (precision === undefined ? twoDigitExponent(String(value)) : significant(value, precision));
		default:
			return null;
	}
}

/** Go's `%.Ng`: N significant digits, no trailing zeros, an exponent when the number has more digits than N. */
export function significant(value: number, digits: number): string {
	const exact = Math.max(digits, 1);
	const exponent = value === 0 ? 0 : Number(value.toExponential(exact - 1).split('e')[1]);
	if (exponent >= -4 && exponent < exact) return String(Number(value.toPrecision(exact)));
	const [mantissa = '', power = ''] = value.toExponential(exact - 1).split('e');
	return twoDigitExponent(`${Number(mantissa)}e${power}`);
}
