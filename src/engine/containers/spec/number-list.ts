import { EngineError } from '../../../errors.ts';

/** More numbers than any kernel has processors. */
const most = 8192;

/** The numbers of `0-3,8`. null for what is no such list. */
export function parseNumberList(text: string): ReadonlySet<number> | null {
	const numbers = new Set<number>();
	if (text === '') return numbers;
	for (const part of text.split(',')) {
		const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
		if (match === null) return null;
		const first = Number(match[1]);
		const last = match[2] === undefined ? first : Number(match[2]);
		if (last < first || last > most) return null;
		for (let number = first; number <= last; number++) numbers.add(number);
	}
	return numbers;
}

/** Checks a list of processors or memory nodes against those that there are. @throws `invalid_argument` in dockerd's words */
export function checkListed(asked: string, available: string, field: string, noun: string): void {
	const numbers = parseNumberList(asked);
	if (numbers === null) {
		throw new EngineError('invalid_argument', `Invalid value ${asked} for ${field}: invalid format: ${asked}`);
	}
	const there = parseNumberList(available) ?? new Set();
	if ([...numbers].every((number) => there.has(number))) return;
	throw new EngineError(
		'invalid_argument',
		`Requested ${noun} are not available - requested ${asked}, available: ${available}`,
	);
}
