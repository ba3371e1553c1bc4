import type { FlagDef } from '../command.ts';

/** What the words before the one being typed come to. */
export interface Scanned {
	/** Positional arguments. */
	readonly args: readonly string[];
	/** How many words were taken when the first argument ended the flags; all of them otherwise. */
	readonly used: number;
	/** The flag whose value is being typed. */
	readonly pending: FlagDef | null;
	/** Flags cannot follow any more. */
	readonly ended: boolean;
	/** Names of the flags that were given. */
	readonly given: ReadonlySet<string>;
}

/** Reads words as the parser of flags does, without objecting: a line that is being typed is wrong most of the time. */
export function scan(words: readonly string[], defs: readonly FlagDef[], interspersed: boolean): Scanned {
	const args: string[] = [];
	const given = new Set<string>();
	for (let at = 0; at < words.length; at++) {
		const word = words[at] ?? '';
		if (word === '--') {
			return { args: [...args, ...words.slice(at + 1)], used: words.length, pending: null, ended: true, given };
		}
		if (word.startsWith('-') && word !== '-') {
			const flag = valueWanted(word, defs, given);
			if (flag !== null && at + 1 === words.length) {
				return { args, used: words.length, pending: flag, ended: false, given };
			}
			if (flag !== null) at++;
			continue;
		}
		if (!interspersed) return { args: words.slice(at), used: at, pending: null, ended: true, given };
		args.push(word);
	}
	return { args, used: words.length, pending: null, ended: false, given };
}

/** The flag of this word that takes the next word as its value; null when it needs none. */
function valueWanted(word: string, defs: readonly FlagDef[], given: Set<string>): FlagDef | null {
	if (word.startsWith('--')) {
		const def = defs.find((one) => one.name === word.slice(2).split('=')[0]);
		if (def !== undefined) given.add(def.as ?? def.name);
		return def === undefined || def.kind === 'bool' || word.includes('=') ? null : def;
	}
	for (let at = 1; at < word.length; at++) {
		const def = defs.find((one) => one.short === word[at]);
		if (def === undefined) return null;
		given.add(def.as ?? def.name);
		if (def.kind !== 'bool') return at === word.length - 1 ? def : null;
	}
	return null;
}
