import type { CommandDef, Context, FlagDef } from '../command.ts';
import { type CommandEntry, findCommand, groups, rootEntries } from '../commands.ts';
import { globalFlags } from '../global-flags.ts';
import { kindAt } from './arguments.ts';
import { after, type Candidate, type Completion, none, words } from './candidates.ts';
import { flagValues } from './flag-values.ts';
import { namesOf } from './objects.ts';
import { type Scanned, scan } from './scan.ts';

/**
 * What may stand in the place of the last of these words, those before it being what stands before it. Prints a candidate
 * a line, its description after a tab, and last `:NUMBER` (see {@link after}).
 */
export async function complete(context: Context, line: readonly string[]): Promise<number> {
	const current = line.at(-1) ?? '';
	const { candidates, directive } = await completionOf(context, line.slice(0, -1), current);
	const fitting = candidates.filter(({ value }) => value.startsWith(current));
	for (const { value, about } of fitting) {
		context.stdout.write(`${value}${about === undefined || about === '' ? '' : `\t${about.split('\n')[0]}`}\n`);
	}
	context.stdout.write(`:${directive}\n`);
	return 0;
}

async function completionOf(context: Context, before: readonly string[], current: string): Promise<Completion> {
	const globals = scan(before, globalFlags, false);
	const [word, ...rest] = globals.args;
	if (word === undefined) {
		return (await flagOrValue(context, '', globals, globalFlags, current)) ?? topLevel(context);
	}
	if (word === 'help' && rest.length === 0) return topLevel(context);
	const found = findCommand(word, rest);
	switch (found.kind) {
		case 'command': {
			const name = canonicalName(found.entry);
			return inCommand(context, name, await found.entry.load(), rest.slice(found.used), current);
		}
		case 'group':
			return rest.length > 0 ? none : { candidates: entries(found.group.commands), directive: after.nothing };
		case 'none':
			return none;
	}
}

/** The name in a group, whichever of its names a command was called by. */
function canonicalName(entry: CommandEntry): string {
	const inGroup = groups.flatMap((group) => group.commands.map((one) => ({ name: `${group.name} ${one.name}`, one })));
	return inGroup.find(({ one, name }) => one === entry || entry.aliases.includes(name))?.name ?? entry.name;
}

async function inCommand(
	context: Context,
	name: string,
	def: CommandDef,
	before: readonly string[],
	current: string,
): Promise<Completion> {
	const scanned = scan(before, def.flags, def.stopsAtFirstArgument !== true);
	const ofFlag = await flagOrValue(context, name, scanned, def.flags, current);
	if (ofFlag !== null) return ofFlag;
	if (scanned.args.length >= def.arity.max) return none;
	const kind = kindAt(name, scanned.args.length);
	if (kind === null) return none;
	const { candidates, directive } = await namesOf(context, kind);
	// A name that stands there already is not offered again.
	return { candidates: candidates.filter(({ value }) => !scanned.args.includes(value)), directive };
}

async function flagOrValue(
	context: Context,
	command: string,
	scanned: Scanned,
	flags: readonly FlagDef[],
	current: string,
): Promise<Completion | null> {
	if (scanned.pending !== null) return flagValues(context, command, scanned.pending);
	if (scanned.ended || !current.startsWith('-')) return null;
	const equals = current.indexOf('=');
	if (equals > 0) {
		const head = current.slice(0, equals + 1);
		const flag = flags.find((one) => `--${one.name}=` === head);
		if (flag === undefined || flag.kind === 'bool')
			return flag === undefined ? none : words([`${head}true`, `${head}false`]);
		const { candidates, directive } = await flagValues(context, command, flag);
		return { candidates: candidates.map((one) => ({ ...one, value: head + one.value })), directive };
	}
	return { candidates: flagNames(flags, scanned.given), directive: after.nothing };
}

function flagNames(flags: readonly FlagDef[], given: ReadonlySet<string>): Candidate[] {
	const offered = flags.filter(
		(flag) => flag.hidden !== true && flag.windows !== true && (flag.kind === 'list' || !given.has(flag.name)),
	);
	const names = offered.flatMap(({ name, short, help }) => [
		{ value: `--${name}`, about: help },
		...(short === undefined ? [] : [{ value: `-${short}`, about: help }]),
	]);
	return [...names, { value: '--help', about: 'Show help' }];
}

function entries(
	list: readonly { readonly name: string; readonly summary: string; readonly hidden?: boolean }[],
): Candidate[] {
	return list.filter(({ hidden }) => hidden !== true).map(({ name, summary }) => ({ value: name, about: summary }));
}

async function topLevel(context: Context): Promise<Completion> {
	const { listPlugins } = await import('../plugins/find.ts');
	const { configFolder } = await import('../config-file.ts');
	const folder = configFolder(context.globals.string('config'), context.env);
	const plugins = (await listPlugins(folder, await context.config())).map(({ name }) => ({ value: name }));
	const own = [...entries(rootEntries), ...entries(groups), { value: 'daemon', about: 'Run the engine' }];
	const names = new Set(own.map(({ value }) => value));
	return { candidates: [...own, ...plugins.filter(({ value }) => !names.has(value))], directive: after.nothing };
}
