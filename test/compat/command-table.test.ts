import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlagDef } from '../../src/cli/command.ts';
import { findCommand } from '../../src/cli/commands.ts';
import { globalFlags } from '../../src/cli/global-flags.ts';

/** Docker's commands and flags as data, kept beside the project; without them there is nothing to compare with. */
const path = join(process.env.GANTRY_SPECS ?? join(import.meta.dir, '../../..', 'shared', 'specs'), 'cli-flags.json');
const specs = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, CommandSpec>) : {};

interface FlagSpec {
	readonly short: string | null;
	readonly type: string;
	readonly default: string | null;
}

interface CommandSpec {
	readonly aliases: readonly string[];
	readonly subcommands: number;
	readonly flags: Readonly<Record<string, FlagSpec>>;
}

/** The groups that are whole, and the names of their commands outside of a group. */
const groups = ['container', 'context', 'system', 'volume'];

/** What is still to come, as `command` or `command --flag`. */
const missing: readonly string[] = [];

/** Types as help shows them. */
const shownAs: Readonly<Record<string, string>> = { int64: 'int', uint64: 'uint', ip: 'string' };
/** Values that stand for nothing. */
const nothing = ['', '0', 'false', '[]', '0s', 'map[]', '<nil>'];

function specOf(name: string): CommandSpec {
	return specs[name] ?? { aliases: [], subcommands: 0, flags: {} };
}

const names = Object.keys(specs).filter((name) => {
	const group = name.split(' ')[0] ?? '';
	const isAlias = specOf(name).aliases.some((alias) => groups.some((one) => alias.startsWith(`docker ${one} `)));
	return specOf(name).subcommands === 0 && (groups.includes(group) || isAlias);
});

const lists = new Set(['list', 'stringArray', 'stringSlice', 'stringToString', 'filter', 'mapOpts', 'ulimit', 'mount']);

function flagProblem(spec: FlagSpec, flag: FlagDef): string[] {
	const problems: string[] = [];
	const short = spec.short?.replace(/^-/, '');
	if (flag.short !== short) problems.push(`short ${flag.short} is not ${short}`);
	const kind = spec.type === 'bool' ? 'bool' : lists.has(spec.type) ? 'list' : null;
	if (kind !== null && flag.kind !== kind) problems.push(`${flag.kind} is not ${kind} (${spec.type})`);
	if (kind === null && flag.kind === 'bool') problems.push(`a switch is not ${spec.type}`);
	if (kind !== 'bool' && flag.type !== (shownAs[spec.type] ?? spec.type))
		problems.push(`type ${flag.type} is not ${spec.type}`);
	const empty = (value: string | null | undefined) =>
		value === undefined || value === null || nothing.includes(value) ? '' : value;
	if (empty(flag.default) !== empty(spec.default)) problems.push(`default ${flag.default} is not ${spec.default}`);
	return problems;
}

function problemsOf(flags: readonly FlagDef[], spec: CommandSpec, name: string): string[] {
	return Object.entries(spec.flags).flatMap(([long, given]) => {
		// Every command has that one.
		if (long === '--help') return [];
		const flag = flags.find((one) => `--${one.name}` === long);
		if (flag === undefined) return missing.includes(`${name} ${long}`) ? [] : [`${long} is missing`];
		return flagProblem(given, flag).map((problem) => `${long}: ${problem}`);
	});
}

describe.skipIf(names.length === 0)('the command table has Docker’s commands', () => {
	test.each(names.map((name) => [name]))('%s', async (name) => {
		const [word = '', ...after] = name.split(' ');
		const found = findCommand(word, after);
		if (missing.includes(name)) return;
		if (found.kind !== 'command') throw new Error(`${name} is missing`);
		expect(found.used).toBe(after.length);
		expect(problemsOf((await found.entry.load()).flags, specOf(name), name)).toEqual([]);
	});

	test('by all their names', () => {
		const aliases = names.filter((name) => !missing.includes(name)).flatMap((name) => specOf(name).aliases);
		const absent = aliases.filter((alias) => {
			const [word = '', ...after] = alias.split(' ').slice(1);
			return findCommand(word, after).kind !== 'command';
		});
		expect(absent).toEqual([]);
	});

	test('what stands before a command', () => {
		// Paths of defaults are those of one home; --host shows as a list in docker's own help.
		const expected = Object.entries(specOf('docker').flags).map(([long, flag]) => [
			long,
			{
				...flag,
				...(flag.default?.startsWith('/') ? { default: null } : {}),
				...(long === '--host' ? { type: 'list' } : {}),
			},
		]);
		const spec = { ...specOf('docker'), flags: Object.fromEntries(expected) };
		expect(problemsOf(globalFlags, spec, 'docker')).toEqual([]);
	});
});
