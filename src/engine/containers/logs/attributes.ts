import { messageOf } from '../../../errors.ts';
import type { Container } from '../model.ts';
import { type LogOptionMap, notInitialized } from './option-values.ts';

/** The options that choose attributes, which every driver takes that can say more of a line than its text. */
export const attributeOptions = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'] as const;

/** A pattern in Go's syntax as one of JavaScript's: the same but for flags, which Go has at the beginning. */
function compile(text: string): RegExp {
	const flags = /^\(\?([imsU]+)\)/.exec(text);
	try {
		return new RegExp(flags === null ? text : text.slice(flags[0].length), (flags?.[1] ?? '').replaceAll('U', ''));
	} catch (error) {
		throw notInitialized(`error parsing regexp: ${messageOf(error)}`);
	}
}

function pick(all: LogOptionMap, names: string | undefined, pattern: string | undefined): [string, string][] {
	const wanted = new Set((names ?? '').split(',').filter((name) => name !== ''));
	const matching = pattern === undefined || pattern === '' ? null : compile(pattern);
	return Object.entries(all).filter(([key]) => wanted.has(key) || matching?.test(key) === true);
}

/** What the options `labels`, `labels-regex`, `env` and `env-regex` choose. @throws `invalid_argument` for a pattern that is none */
export function chosenAttributes(
	container: Container,
	options: LogOptionMap,
	keyOf: (key: string) => string = (key) => key,
): Record<string, string> {
	const env = Object.fromEntries(
		container.config.env.flatMap((entry) => {
			const cut = entry.indexOf('=');
			return cut < 0 ? [] : [[entry.slice(0, cut), entry.slice(cut + 1)]];
		}),
	) as Record<string, string>;
	const pairs = [
		...pick(container.config.labels, options.labels, options['labels-regex']),
		...pick(env, options.env, options['env-regex']),
	];
	return Object.fromEntries(pairs.map(([key, value]) => [keyOf(key), value]));
}
