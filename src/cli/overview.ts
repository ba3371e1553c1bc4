import type { FlagDef } from './command.ts';
import type { CommandEntry, CommandGroup } from './commands.ts';
import { flagTable } from './help.ts';

/** What `gantry` alone prints. */
export function rootHelp(
	program: string,
	commands: readonly CommandEntry[],
	groups: readonly { readonly name: string; readonly summary: string }[],
	flags: readonly FlagDef[],
	width: number,
): string {
	const common = commands.filter((entry) => entry.common === true);
	const others = commands.filter((entry) => entry.common !== true);
	return [
		`Usage:  ${program} [OPTIONS] COMMAND`,
		'Runs and manages containers',
		`Common Commands:\n${table(common)}`,
		`Management Commands:\n${table(groups)}`,
		`Commands:\n${table(others)}`,
		`Daemon:\n  daemon      Run the engine (see '${program} daemon --help')`,
		`Global Options:\n${flagTable(flags, width).trimEnd()}`,
		`Run '${program} COMMAND --help' for more information on a command.\n`,
	].join('\n\n');
}

/** The help of a group of commands. */
export function groupHelp(program: string, group: CommandGroup): string {
	return [
		`Usage:  ${program} ${group.name} COMMAND`,
		group.summary,
		`Commands:\n${table(group.commands)}`,
		`Run '${program} ${group.name} COMMAND --help' for more information on a command.\n`,
	].join('\n\n');
}

function table(
	entries: readonly { readonly name: string; readonly summary: string; readonly hidden?: boolean }[],
): string {
	const listed = entries.filter((entry) => entry.hidden !== true);
	return listed.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`).join('\n');
}
