import { EngineError } from '../../errors.ts';

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

const binaryUnits = 'bkmgtp';

/**
 * Bytes of `512`, `10m`, `1.5GiB`, in powers of 1024.
 * @throws EngineError `invalid size: '…'`
 */
export function parseBytes(text: string): number {
	const match = /^(\d+(?:\.\d+)?|\.\d+) ?([bkmgtpBKMGTP])?(?:[iI]?[bB])?$/.exec(text);
	if (match === null) throw wrong(`invalid size: '${text}'`);
	const step = Math.max(0, binaryUnits.indexOf((match[2] ?? 'b').toLowerCase()));
	return Math.trunc(Number(match[1]) * 1024 ** step);
}

/** A check for flags of bytes; `minusOne`: `-1` means no limit. */
export function bytesFlag(minusOne: boolean): (text: string) => string {
	return (text) => (minusOne && text === '-1' ? '-1' : String(parseBytes(text)));
}

const integerRanges = {
	int: [-(2n ** 63n), 2n ** 63n - 1n, 'ParseInt'],
	uint16: [0n, 65535n, 'ParseUint'],
	uint64: [0n, 2n ** 64n - 1n, 'ParseUint'],
} as const;

/** A check for flags of whole numbers (decimal, 0x…, 0o…, 0b…). */
export function integerFlag(type: keyof typeof integerRanges): (text: string) => string {
	const [low, high, parser] = integerRanges[type];
	return (text) => {
		const unsigned = text.replace(/^[+-]/, '').replaceAll(/(?<=\d)_(?=\d)/g, '');
		const valid = /^(?:0|[1-9]\d*|0[0-7]+|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(unsigned);
		if (!valid || (low === 0n && /^[+-]/.test(text))) {
			throw wrong(`strconv.${parser}: parsing ${JSON.stringify(text)}: invalid syntax`);
		}
		const magnitude = BigInt(/^0\d/.test(unsigned) ? `0o${unsigned.slice(1)}` : unsigned);
		const number = text.startsWith('-') ? -magnitude : magnitude;
		if (number < low || number > high) {
			throw wrong(`strconv.${parser}: parsing ${JSON.stringify(text)}: value out of range`);
		}
		return number.toString();
	};
}

const nanoseconds: Readonly<Record<string, number>> = {
	ns: 1,
	us: 1e3,
	µs: 1e3,
	μs: 1e3,
	ms: 1e6,
	s: 1e9,
	m: 60e9,
	h: 3600e9,
};

/** Nanoseconds of a Go duration: `1h30m`, `1.5s`, `-2m`, `0`. @throws EngineError `time: invalid duration "…"` */
export function parseDuration(text: string): number {
	const body = text.replace(/^[+-]/, '');
	if (body === '0') return 0;
	const part = /(\d+(?:\.\d*)?|\.\d+)([a-zµμ]*)/gy;
	let total = 0;
	let at = 0;
	for (let match = part.exec(body); match !== null; match = part.exec(body)) {
		const unit = match[2] ?? '';
		if (unit === '') throw wrong(`time: missing unit in duration ${JSON.stringify(text)}`);
		const factor = nanoseconds[unit];
		if (factor === undefined) {
			throw wrong(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
		}
		total += Number(match[1]) * factor;
		at = part.lastIndex;
	}
	if (body === '' || at !== body.length) throw wrong(`time: invalid duration ${JSON.stringify(text)}`);
	return Math.trunc(text.startsWith('-') ? -total : total);
}

/** A check for flags of durations; the value is in nanoseconds. */
export function durationFlag(text: string): string {
	return String(parseDuration(text));
}

/** Billionths of a CPU of `1.5` or `3/2`, as the API wants them. @throws EngineError */
export function cpusFlag(text: string): string {
	const match = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+))?$/.exec(text);
	const fraction = /^([+-]?\d+)\/(\d+)$/.exec(text);
	let nano: bigint;
	if (match !== null) {
		const [whole = '', decimals = ''] = (match[2] ?? '').split('.');
		const exponent = Number(match[3] ?? 0) - decimals.length + 9;
		const digits = BigInt(`${whole}${decimals}`);
		if (Math.abs(exponent) > 30) throw wrong(`failed to parse ${text} as a rational number`);
		if (exponent < 0 && digits % 10n ** BigInt(-exponent) !== 0n) throw wrong('value is too precise');
		nano = exponent < 0 ? digits / 10n ** BigInt(-exponent) : digits * 10n ** BigInt(exponent);
		if (match[1] === '-') nano = -nano;
	} else if (fraction !== null && fraction[2] !== undefined && BigInt(fraction[2]) !== 0n) {
		const scaled = BigInt(fraction[1] ?? '0') * 1_000_000_000n;
		const below = BigInt(fraction[2]);
		if (scaled % below !== 0n) throw wrong('value is too precise');
		nano = scaled / below;
	} else throw wrong(`failed to parse ${text} as a rational number`);
	return nano.toString();
}
