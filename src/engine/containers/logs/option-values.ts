import { EngineError } from '../../../errors.ts';

/** Options of a log, as the user gave them. */
export type LogOptionMap = Readonly<Record<string, string>>;

/** An error of an option, in the words of Docker's daemon. */
export function invalid(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

/** An error that Docker's daemon has when it makes the log ready, and we already have at create. */
export function notInitialized(message: string): EngineError {
	return invalid(`failed to initialize logging driver: ${message}`);
}

const prefixes = ['', 'k', 'm', 'g', 't', 'p'];

/** Bytes of `10m`, with k = 1000 or 1024. null: no such size. */
export function parseSize(text: string, base: 1000 | 1024): number | null {
	const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text);
	if (match === null) return null;
	return Math.floor(Number(match[1]) * base ** prefixes.indexOf((match[2] ?? '').toLowerCase()));
}

/** Go's `strconv.ParseBool`. @throws `invalid_argument` */
export function parseBool(text: string): boolean {
	if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
	if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
	throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Go's `strconv.Atoi` and `ParseUint`. @throws `invalid_argument` */
export function parseWhole(text: string, called: 'Atoi' | 'ParseUint'): number {
	if (!(called === 'Atoi' ? /^[+-]?\d+$/ : /^\d+$/).test(text)) {
		throw invalid(`strconv.${called}: parsing ${JSON.stringify(text)}: invalid syntax`);
	}
	const value = Number(text);
	if (Number.isSafeInteger(value)) return value;
	throw invalid(`strconv.${called}: parsing ${JSON.stringify(text)}: value out of range`);
}

const milliseconds: Readonly<Record<string, number>> = {
	ns: 1e-6,
	us: 1e-3,
	µs: 1e-3,
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
};

/** Milliseconds of Go's durations, `1m30s`. @throws `invalid_argument` */
export function parseDuration(text: string): number {
	if (text === '0') return 0;
	if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
		throw invalid(`time: invalid duration ${JSON.stringify(text)}`);
	}
	let total = 0;
	for (const [, number, unit = ''] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
		total += Number(number) * (milliseconds[unit] ?? 0);
	}
	return total;
}

/** Does with the option's text what `parse` does; the fallback when it is not given, or given empty. */
export function optional<T>(options: LogOptionMap, name: string, fallback: T, parse: (text: string) => T): T {
	const text = options[name];
	return text === undefined || text === '' ? fallback : parse(text);
}
