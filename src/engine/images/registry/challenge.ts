/** One challenge of a `WWW-Authenticate` header. Source: RFC 9110, 11.6.1. */
export interface Challenge {
	/** In lower case: `basic`, `bearer`. */
	readonly scheme: string;
	readonly parameters: ReadonlyMap<string, string>;
}

const token = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;
const separators = /[\s,]*/y;
const equals = /\s*=\s*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const maxLength = 16_384;

/** Parses all challenges of a header; what cannot be read ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
	const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
	if (header.length > maxLength) return [];
	let position = 0;
	const take = (pattern: RegExp): RegExpExecArray | null => {
		pattern.lastIndex = position;
		const match = pattern.exec(header);
		if (match !== null) position = pattern.lastIndex;
		return match;
	};
	for (;;) {
		take(separators);
		const word = take(token)?.[0];
		if (word === undefined) return challenges;
		const current = challenges.at(-1);
		// A word with a value is a parameter of the challenge before; one without starts a challenge.
		if (current === undefined || take(equals) === null) {
			challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
			continue;
		}
		const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(token)?.[0];
		if (value === undefined) return challenges;
		current.parameters.set(word.toLowerCase(), value);
	}
}
