import { compileTemplate, parsingError, TemplateError } from '../../lib/template/template.ts';
import type { Method } from '../../lib/template/values.ts';

/** What a list prints. A row's members are what the template may name; function members are called. */
export interface ListOptions {
	/** As given with `--format`: `table`, `table TEMPLATE`, `json`, `raw`, a template; `''`: the default table. */
	readonly format: string;
	/** The default table's template, without the word `table`. */
	readonly defaultTable: string;
	/** The template of `raw`, if there is one. */
	readonly raw?: string;
	/** Column headers by member name. */
	readonly headers: Readonly<Record<string, string>>;
	/** Go's name of a row's type, for messages: `*formatter.ContainerContext`. */
	readonly typeName: string;
	readonly rows: readonly object[];
}

/** Prints a list as Docker's CLI does for a `--format`. @throws TemplateError */
export function formatList(options: ListOptions): string {
	const format = options.format.trim();
	if (format === 'json') return options.rows.map((row) => `${rowAsJson(row)}\n`).join('');
	if (format === 'raw' && options.raw !== undefined) return renderRows(options.raw, options);
	const isTable = format === '' || format === 'table' || /^table\s/.test(format);
	const own = isTable ? format.slice('table'.length).trim() : format;
	const template = (own === '' ? options.defaultTable : own).replaceAll('\\t', '\t').replaceAll('\\n', '\n');
	const body = renderRows(template, options);
	return isTable ? align(`${headerLine(template, options.headers)}\n${body}`) : body;
}

function compile(template: string, typeName: string): (row: unknown) => string {
	try {
		return compileTemplate(template, { missing: 'field-error', typeName });
	} catch (error) {
		throw error instanceof TemplateError ? parsingError(error) : error;
	}
}

function renderRows(template: string, options: ListOptions): string {
	const render = compile(template, options.typeName);
	try {
		return options.rows.map((row) => `${render(row)}\n`).join('');
	} catch (error) {
		if (!(error instanceof TemplateError)) throw error;
		throw parsingError(error);
	}
}

const same: Method = (value) => value;
/** What would change a value leaves a header as it is. */
const headerFunctions: ReadonlyMap<string, Method> = new Map(
	['json', 'title', 'lower', 'upper', 'truncate'].map((name) => [name, same]),
);

function headerLine(template: string, headers: Readonly<Record<string, string>>): string {
	const row = { ...headers, Label: headerOfLabel };
	return compileTemplate(template, { functions: headerFunctions })(row);
}

function headerOfLabel(label: unknown): string {
	return String(label).split('.').at(-1)?.replaceAll(/[-_]/g, ' ') ?? String(label);
}

/** A row as one JSON object: its members in order, its methods without arguments left out. */
function rowAsJson(row: object): string {
	const members = Object.entries(row).filter(([, value]) => typeof value !== 'function');
	members.sort(([a], [b]) => (a < b ? -1 : 1));
	return JSON.stringify(Object.fromEntries(members));
}

const padding = 3;
const minWidth = 10;

/**
 * Aligns tab-separated cells: a column is as wide as its widest cell of consecutive lines that have it, plus 3,
 * at least 10. The last cell of a line has no width.
 */
export function align(text: string): string {
	const lines = text.split('\n').map((line) => line.split('\t'));
	const widths = lines.map(() => [] as number[]);
	const deepest = Math.max(...lines.map((cells) => cells.length)) - 1;
	for (let column = 0; column < deepest; column++) {
		for (let from = 0; from < lines.length; ) {
			let to = from;
			let width = minWidth;
			while (to < lines.length && (lines[to]?.length ?? 0) > column + 1) {
				width = Math.max(width, [...(lines[to]?.[column] ?? '')].length + padding);
				to++;
			}
			for (let line = from; line < to; line++) widths[line]?.push(width);
			from = Math.max(to, from + 1);
		}
	}
	return lines
		.map((cells, line) => cells.map((cell, column) => padCell(cell, widths[line]?.[column])).join(''))
		.join('\n');
}

function padCell(cell: string, width: number | undefined): string {
	return width === undefined ? cell : cell + ' '.repeat(Math.max(0, width - [...cell].length));
}
