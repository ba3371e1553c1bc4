import { EngineError } from '../errors.ts';
import { type FlagDef, list } from './command.ts';

/** The flag `--filter`. `short` may be ''. */
export function filterFlag(short = 'f'): FlagDef {
	return {
		...list('filter', short, 'Show only what fits: NAME=VALUE', (text) => {
			if (text !== '' && !text.includes('=')) {
				throw new EngineError('invalid_argument', 'bad format of filter (expected name=value)');
			}
			return text;
		}),
		type: 'filter',
	};
}

/** Filters by name. */
export function parseFilters(values: readonly string[]): Map<string, string[]> {
	const filters = new Map<string, string[]>();
	for (const value of values) {
		if (value === '') continue;
		const equals = value.indexOf('=');
		const name = value.slice(0, equals).trim().toLowerCase();
		const wanted = value.slice(equals + 1).trim();
		filters.set(name, [...(filters.get(name) ?? []), wanted]);
	}
	return filters;
}

/** The flag `--format` of lists. */
export const listFormat: FlagDef = {
	name: 'format',
	kind: 'value',
	type: 'string',
	help: "How to print: 'table', 'table TEMPLATE', 'json', or a Go template",
};

/** The flag `--format` of a single object. */
export const objectFormat: FlagDef = {
	name: 'format',
	short: 'f',
	kind: 'value',
	type: 'string',
	help: "How to print: 'json', or a Go template",
};
