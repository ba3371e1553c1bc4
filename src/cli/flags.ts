import { EngineError, messageOf } from '../errors.ts';
import type { FlagDef } from './command.ts';

/** The flags of one call: what was given, or the defaults. */
export class Flags {
	constructor(
		private readonly defs: readonly FlagDef[],
		private readonly given: ReadonlyMap<string, readonly string[]>,
	) {}

	/** A switch. */
	bool(name: string): boolean {
		return (this.given.get(name)?.at(-1) ?? this.initial(name)) === 'true';
	}

	/** A value; '' when it was not given and has no default. */
	string(name: string): string {
		return this.given.get(name)?.at(-1) ?? this.initial(name);
	}

	/** A number; 0 when it was not given and has no default. */
	number(name: string): number {
		return Number(this.string(name));
	}

	/** All values, in order. */
	list(name: string): readonly string[] {
		return this.given.get(name) ?? [];
	}

	/** True when it stood on the command line. */
	changed(name: string): boolean {
		return this.given.has(name);
	}

	private initial(name: string): string {
		return this.defs.find((def) => def.name === name)?.default ?? '';
	}
}

/** What a command line came to. */
export type Parsed =
	| { readonly kind: 'parsed'; readonly flags: Flags; readonly args: readonly string[] }
	| { readonly kind: 'help' }
	| { readonly kind: 'wrong'; readonly message: string };

/**
 * Parses as POSIX and GNU do: `--name value`, `--name=value`, `-abc`, `-nvalue`, `-n=value`, `--` ends the flags.
 * `interspersed` false: the first argument ends them, too.
 */
export function parseFlags(argv: readonly string[], defs: readonly FlagDef[], interspersed: boolean): Parsed {
	const given = new Map<string, string[]>();
	const args: string[] = [];
	const words = [...argv];
	try {
		for (let word = words.shift(); word !== undefined; word = words.shift()) {
			if (word === '--') {
				args.push(...words.splice(0));
			} else if (word.startsWith('--')) {
				if (readLong(word, words, defs, given) === 'help') return { kind: 'help' };
			} else if (word.startsWith('-') && word !== '-') {
				if (readShorts(word, words, defs, given) === 'help') return { kind: 'help' };
			} else {
				args.push(word);
				if (!interspersed) args.push(...words.splice(0));
			}
		}
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		return { kind: 'wrong', message: error.message };
	}
	return { kind: 'parsed', flags: new Flags(defs, given), args };
}

type Given = Map<string, string[]>;

function readLong(word: string, words: string[], defs: readonly FlagDef[], given: Given): 'help' | undefined {
	const equals = word.indexOf('=');
	const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
	if (name === '' || name.startsWith('-')) throw wrong(`bad flag syntax: ${word}`);
	const def = defs.find((one) => one.name === name);
	if (def === undefined) {
		if (name === 'help') return 'help';
		throw wrong(`unknown flag: --${name}`);
	}
	if (equals >= 0) set(def, word.slice(equals + 1), given);
	else if (def.kind === 'bool') set(def, 'true', given);
	else {
		const next = words.shift();
		if (next === undefined) throw wrong(`flag needs an argument: --${name}`);
		set(def, next, given);
	}
	return undefined;
}

function readShorts(word: string, words: string[], defs: readonly FlagDef[], given: Given): 'help' | undefined {
	for (let rest = word.slice(1); rest !== ''; ) {
		const letter = rest.slice(0, 1);
		const after = rest.slice(1);
		const def = defs.find((one) => one.short === letter);
		if (def === undefined) {
			if (letter === 'h') return 'help';
			throw wrong(`unknown shorthand flag: '${letter}' in -${rest}`);
		}
		if (after.startsWith('=') && after.length > 1) {
			set(def, after.slice(1), given);
			return undefined;
		}
		if (def.kind === 'bool') {
			set(def, 'true', given);
			rest = after;
			continue;
		}
		const next = after === '' ? words.shift() : after;
		if (next === undefined) throw wrong(`flag needs an argument: '${letter}' in -${rest}`);
		set(def, next, given);
		return undefined;
	}
	return undefined;
}

const booleans: Readonly<Record<string, string>> = {
	1: 'true',
	t: 'true',
	T: 'true',
	true: 'true',
	TRUE: 'true',
	True: 'true',
	0: 'false',
	f: 'false',
	F: 'false',
	false: 'false',
	FALSE: 'false',
	False: 'false',
};

function set(def: FlagDef, raw: string, given: Given): void {
	const value = def.kind === 'bool' ? booleans[raw] : checked(def, raw);
	if (value === undefined) throw invalid(def, raw, `strconv.ParseBool: parsing ${JSON.stringify(raw)}: invalid syntax`);
	const name = def.as ?? def.name;
	const before = given.get(name);
	if (def.kind === 'list' && before !== undefined) before.push(value);
	else given.set(name, [value]);
}

function checked(def: FlagDef, raw: string): string {
	if (def.check === undefined) return raw;
	try {
		return def.check(raw);
	} catch (error) {
		throw invalid(def, raw, messageOf(error));
	}
}

function invalid(def: FlagDef, raw: string, why: string): EngineError {
	const shown = def.short === undefined ? `--${def.name}` : `-${def.short}, --${def.name}`;
	return wrong(`invalid argument ${JSON.stringify(raw)} for "${shown}" flag: ${why}`);
}

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}
