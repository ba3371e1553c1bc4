import { bool, type Context, type FlagDef } from './command.ts';
import { filterFlag, parseFilters } from './filters.ts';
import type { Flags } from './flags.ts';

/** The flags of every `prune`. */
export const pruneFlags: readonly FlagDef[] = [
	{ ...filterFlag(''), help: 'Remove only what fits: NAME=VALUE, as in until=24h or label=NAME' },
	bool('force', 'f', 'Do not ask first'),
];

/** The filters of a `prune`: those given, and `pruneFilters` of the configuration where they do not contradict. */
export async function pruneFilters(context: Context, flags: Flags): Promise<Map<string, string[]>> {
	const filters = parseFilters(flags.list('filter'));
	const opposite: Readonly<Record<string, string>> = { label: 'label!', 'label!': 'label' };
	for (const text of (await context.config()).pruneFilters ?? []) {
		const equals = text.indexOf('=');
		if (equals < 0) continue;
		const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
		if (filters.get(opposite[name] ?? '')?.includes(value) === true) continue;
		filters.set(name, [...(filters.get(name) ?? []), value]);
	}
	return filters;
}

/** Asks on standard output and reads one line: true for `y`. An end of input is a no. */
export async function confirm(context: Context, warning: string, between = '\n'): Promise<boolean> {
	context.stdout.write(`${warning}${between}Are you sure you want to continue? [y/N] `);
	await context.stdout.flush();
	return (await readLine()).trim().toLowerCase() === 'y';
}

/** The most characters that an answer may have. */
const maxAnswer = 4096;

async function readLine(): Promise<string> {
	const decoder = new TextDecoder();
	let line = '';
	for await (const chunk of Bun.file(0).stream()) {
		line += decoder.decode(chunk, { stream: true });
		const end = line.indexOf('\n');
		if (end >= 0) return line.slice(0, end);
		if (line.length > maxAnswer) break;
	}
	return line;
}

/** What every `prune` says at its end. */
export async function printPruned(
	context: Context,
	title: string,
	removed: readonly string[],
	reclaimed: number,
): Promise<void> {
	const { humanSize } = await import('./render/units.ts');
	if (removed.length > 0) context.stdout.write(`${title}:\n${removed.map((one) => `${one}\n`).join('')}\n`);
	context.stdout.write(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
}
