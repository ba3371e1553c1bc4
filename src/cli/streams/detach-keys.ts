import { EngineError } from '../../errors.ts';
import type { Context } from '../command.ts';
import type { Flags } from '../flags.ts';

/** The keys that leave a session: `--detach-keys`, else `detachKeys` of the configuration; '' for the usual ones. */
export async function detachKeysOf(context: Pick<Context, 'config'>, flags: Flags): Promise<string> {
	const given = flags.string('detach-keys');
	return given === '' ? ((await context.config()).detachKeys ?? '') : given;
}

/** The bytes of a key sequence: `ctrl-p,ctrl-q`, `a,ctrl-[`. @throws EngineError `invalid_argument` */
export function parseDetachKeys(text: string): Uint8Array {
	return Uint8Array.from(
		text.split(',').map((key) => {
			if (key.length === 1) return key.charCodeAt(0);
			const control = /^ctrl-([a-z@[\]\\^_])$/i.exec(key)?.[1]?.toUpperCase();
			if (control === undefined) throw new EngineError('invalid_argument', `Unknown character: '${key}'`);
			return control.charCodeAt(0) - 64;
		}),
	);
}

/** Watches typed bytes for a key sequence. */
export interface DetachWatch {
	/** What may be sent on of these bytes; `detached` when the sequence is complete. */
	push(chunk: Uint8Array): { readonly bytes: Uint8Array; readonly detached: boolean };
}

/** A watch for these keys; the start of a sequence is held back until it is clear what it is. */
export function watchDetachKeys(keys: Uint8Array): DetachWatch {
	let matched = 0;
	return {
		push(chunk) {
			const passed: number[] = [];
			for (const byte of chunk) {
				if (byte !== keys[matched] && matched > 0) {
					passed.push(...keys.subarray(0, matched));
					matched = 0;
				}
				if (byte === keys[matched]) {
					matched++;
					if (matched === keys.length) return { bytes: Uint8Array.from(passed), detached: true };
				} else passed.push(byte);
			}
			return { bytes: Uint8Array.from(passed), detached: false };
		},
	};
}
