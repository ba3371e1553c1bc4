import { EngineError } from '../../errors.ts';

/** A number field of a header: octal text, or base 256 when its first bit is set. @throws `corrupt`. */
export function readNumber(block: Uint8Array, offset: number, length: number, field: string): number {
	const first = block[offset] ?? 0;
	if ((first & 0x80) !== 0) return readBase256(block, offset, length, field);
	let value = 0;
	let digits = false;
	for (let i = offset; i < offset + length; i++) {
		const byte = block[i] ?? 0;
		if (byte >= 0x30 && byte <= 0x37) {
			value = value * 8 + byte - 0x30;
			digits = true;
		} else if (byte === 0 || byte === 0x20) {
			if (digits) break;
		} else {
			throw new EngineError('corrupt', `tar header: bad ${field}`);
		}
	}
	return value;
}

function readBase256(block: Uint8Array, offset: number, length: number, field: string): number {
	const negative = ((block[offset] ?? 0) & 0x40) !== 0;
	let value = negative ? (block[offset] ?? 0) - 0x100 : (block[offset] ?? 0) & 0x7f;
	for (let i = offset + 1; i < offset + length; i++) {
		value = value * 256 + (block[i] ?? 0);
		if (!Number.isSafeInteger(value)) throw new EngineError('corrupt', `tar header: ${field} out of range`);
	}
	return value;
}

/** True when the checksum field fits the block, counted with unsigned or (old tars) signed bytes. */
export function checksumFits(block: Uint8Array): boolean {
	let unsigned = 8 * 0x20;
	let high = 0;
	for (let i = 0; i < 512; i++) {
		if (i === 148) i = 156;
		const byte = block[i] ?? 0;
		unsigned += byte;
		if (byte > 127) high++;
	}
	const stored = readNumber(block, 148, 8, 'checksum');
	return stored === unsigned || stored === unsigned - 256 * high;
}
