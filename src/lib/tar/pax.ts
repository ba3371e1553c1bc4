import { EngineError } from '../../errors.ts';

/** Their values are names, which end at a NUL byte for the system: what is behind it would be lost silently. */
const textKeys = new Set(['path', 'linkpath', 'uname', 'gname']);

/** The records of one PAX extended header, values as bytes. Source: POSIX pax, "pax Extended Header". @throws `corrupt`. */
export function readPax(body: Buffer): Map<string, Buffer> {
	const records = new Map<string, Buffer>();
	let offset = 0;
	while (offset < body.length) {
		const space = body.indexOf(0x20, offset);
		const text = space < 0 ? '' : body.toString('latin1', offset, space);
		const length = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
		const end = offset + length;
		const equals = body.indexOf(0x3d, space);
		if (
			length < 5 ||
			end > body.length ||
			body[end - 1] !== 0x0a ||
			equals < 0 ||
			equals >= end ||
			equals === space + 1
		) {
			throw new EngineError('corrupt', 'tar: malformed PAX header');
		}
		const key = body.toString('utf8', space + 1, equals);
		const value = body.subarray(equals + 1, end - 1);
		if (key.includes('\0') || (textKeys.has(key) && value.includes(0))) {
			throw new EngineError('corrupt', 'tar: a PAX header names something with a NUL byte');
		}
		records.set(key, value);
		offset = end;
	}
	return records;
}

/** A PAX time (`seconds[.fraction]`) in nanoseconds; digits after the ninth are cut. @throws `corrupt`. */
export function readPaxTime(text: string): bigint {
	const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(text);
	if (match === null) throw new EngineError('corrupt', `tar: bad PAX time ${JSON.stringify(text)}`);
	const nanoseconds = BigInt(match[2] ?? '0') * 1_000_000_000n + BigInt((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
	return match[1] === '-' ? -nanoseconds : nanoseconds;
}

/** A PAX number. @throws `corrupt`. */
export function readPaxNumber(text: string, field: string): number {
	const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
	if (!Number.isSafeInteger(value)) throw new EngineError('corrupt', `tar: bad PAX ${field} ${JSON.stringify(text)}`);
	return value;
}

/** One record, its own length counted in. */
export function writePaxRecord(key: string, value: Uint8Array): Buffer {
	const rest = Buffer.concat([Buffer.from(` ${key}=`, 'utf8'), value, Buffer.from('\n')]);
	let length = rest.length + 1;
	while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
	return Buffer.concat([Buffer.from(String(length)), rest]);
}
