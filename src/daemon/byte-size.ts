import { EngineError } from '../errors.ts';

const factors = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 } as const;

/** Bytes, from a number with an optional unit as dockerd reads it: `64m`, `1.5GiB`, `67108864`. @throws EngineError `invalid_argument` */
export function parseByteSize(name: string, text: string): number {
	const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?) ?(?:([kmgtp])(?:i?b)?|b)?$/.exec(text.toLowerCase()) ?? [];
	const size = Math.trunc(Number(digits ?? Number.NaN) * 1024 ** factors[unit as keyof typeof factors]);
	if (Number.isSafeInteger(size) && size > 0) return size;
	throw new EngineError('invalid_argument', `invalid ${name}: ${JSON.stringify(text)}: give a size such as 64m`);
}
