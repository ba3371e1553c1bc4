import { EngineError } from '../../../errors.ts';

const defaultKeys = 'ctrl-p,ctrl-q';
const controlCharacters: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** The bytes of a key sequence such as `ctrl-p,ctrl-q` or `a,b`; `''`: the default. @throws `invalid_argument`. */
export function parseDetachKeys(text: string): Uint8Array {
	const keys = (text === '' ? defaultKeys : text).split(',');
	return Uint8Array.from(keys, (key) => {
		if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
		const letter = /^ctrl-([a-z@[\]\\^_])$/.exec(key.toLowerCase())?.[1];
		if (letter === undefined) throw new EngineError('invalid_argument', `Invalid detach keys (${text}) provided`);
		return controlCharacters[letter] ?? letter.charCodeAt(0) - 'a'.charCodeAt(0) + 1;
	});
}

/**
 * Passes bytes on until the key sequence appears, and then ends without it.
 * Bytes that began like the sequence and went on otherwise are passed on late, never lost.
 */
export async function* untilDetach(
	input: AsyncIterable<Uint8Array>,
	keys: Uint8Array,
	onDetach: () => void,
): AsyncIterable<Uint8Array> {
	let matched = 0;
	for await (const chunk of input) {
		const out: number[] = [];
		for (const byte of chunk) {
			if (byte === keys[matched]) {
				matched++;
				if (matched < keys.length) continue;
				if (out.length > 0) yield Uint8Array.from(out);
				onDetach();
				return;
			}
			out.push(...keys.subarray(0, matched));
			matched = byte === keys[0] ? 1 : 0;
			if (matched === 0) out.push(byte);
		}
		if (out.length > 0) yield Uint8Array.from(out);
	}
	if (matched > 0) yield keys.slice(0, matched);
}
