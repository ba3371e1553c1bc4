import type { CommandDef } from './command.ts';

/** A command by name; its code is loaded when it is called. */
export interface CommandEntry {
	readonly name: string;
	readonly summary: string;
	/** Other names in the same place. */
	readonly also?: readonly string[];
	/** All its full names, without the program's. */
	readonly aliases: readonly string[];
	/** Shown first in the overview. */
	readonly common?: boolean;
	/** For programs, not for people: not listed. */
	readonly hidden?: boolean;
	load(): Promise<CommandDef>;
}

/** Commands about one kind of object: `gantry image …`. */
export interface CommandGroup {
	readonly name: string;
	readonly summary: string;
	readonly commands: readonly CommandEntry[];
}

/** What a command line's first words name. `used`: how many words after the first belong to the name. */
export type Found =
	| { readonly kind: 'command'; readonly entry: CommandEntry; readonly name: string; readonly used: number }
	| { readonly kind: 'group'; readonly group: CommandGroup }
	| { readonly kind: 'none' };

type Load = () => Promise<{ readonly command: CommandDef }>;

/** `root`: its name outside of the group, '' when it has none. */
interface Row {
	readonly name: string;
	readonly also?: readonly string[];
	readonly root: string;
	readonly common?: boolean;
	readonly hidden?: boolean;
	readonly summary: string;
	readonly load: Load;
}

const containerRows: readonly Row[] = [
	{
		name: 'attach',
		root: 'attach',
		summary: 'Connect to the streams of a running container',
		load: () => import('./container/attach.ts'),
	},
	{
		name: 'commit',
		root: 'commit',
		summary: 'Make an image of what a container changed',
		load: () => import('./container/commit.ts'),
	},
	{
		name: 'cp',
		root: 'cp',
		summary: 'Copy files between a container and here',
		load: () => import('./container/cp.ts'),
	},
	{
		name: 'create',
		root: 'create',
		summary: 'Create a container without starting it',
		load: () => import('./container/create.ts'),
	},
	{
		name: 'diff',
		root: 'diff',
		summary: 'Show what a container changed in its file system',
		load: () => import('./container/diff.ts'),
	},
	{
		name: 'exec',
		root: 'exec',
		common: true,
		summary: 'Run a command in a running container',
		load: () => import('./container/exec.ts'),
	},
	{
		name: 'export',
		root: 'export',
		summary: 'Write the file system of a container as a tar archive',
		load: () => import('./container/export.ts'),
	},
	{
		name: 'inspect',
		root: '',
		summary: 'Show all that is known of containers',
		load: () => import('./container/inspect.ts'),
	},
	{ name: 'kill', root: 'kill', summary: 'Send a signal to containers', load: () => import('./container/kill.ts') },
	{
		name: 'logs',
		root: 'logs',
		common: true,
		summary: 'Show the output of a container',
		load: () => import('./container/logs.ts'),
	},
	{
		name: 'ls',
		also: ['list', 'ps'],
		root: 'ps',
		common: true,
		summary: 'List containers',
		load: () => import('./container/ls.ts'),
	},
	{
		name: 'pause',
		root: 'pause',
		summary: 'Freeze the processes of containers',
		load: () => import('./container/pause.ts'),
	},
	{
		name: 'port',
		root: 'port',
		summary: 'List the published ports of a container',
		load: () => import('./container/port.ts'),
	},
	{
		name: 'prune',
		root: '',
		summary: 'Remove all containers that do not run',
		load: () => import('./container/prune.ts'),
	},
	{
		name: 'rename',
		root: 'rename',
		summary: 'Give a container another name',
		load: () => import('./container/rename.ts'),
	},
	{
		name: 'restart',
		root: 'restart',
		summary: 'Stop containers and start them again',
		load: () => import('./container/restart.ts'),
	},
	{ name: 'rm', also: ['remove'], root: 'rm', summary: 'Remove containers', load: () => import('./container/rm.ts') },
	{
		name: 'run',
		root: 'run',
		common: true,
		summary: 'Create a container from an image and start it',
		load: () => import('./container/run.ts'),
	},
	{ name: 'start', root: 'start', summary: 'Start stopped containers', load: () => import('./container/start.ts') },
	{
		name: 'stop',
		root: 'stop',
		common: true,
		summary: 'Stop running containers',
		load: () => import('./container/stop.ts'),
	},
	{
		name: 'stats',
		root: 'stats',
		summary: 'Show what containers use, as it changes',
		load: () => import('./container/stats.ts'),
	},
	{ name: 'top', root: 'top', summary: 'List the processes of a container', load: () => import('./container/top.ts') },
	{
		name: 'unpause',
		root: 'unpause',
		summary: 'Thaw the processes of containers',
		load: () => import('./container/unpause.ts'),
	},
	{
		name: 'update',
		root: 'update',
		summary: 'Change limits and restart policy of containers',
		load: () => import('./container/update.ts'),
	},
	{
		name: 'wait',
		root: 'wait',
		summary: 'Wait for containers to stop and print their exit codes',
		load: () => import('./container/wait.ts'),
	},
];

const imageRows: readonly Row[] = [
	{
		name: 'history',
		root: 'history',
		summary: 'Show the steps that made an image',
		load: () => import('./image/history.ts'),
	},
	{
		name: 'import',
		root: 'import',
		summary: 'Make an image of a tar archive of a file system',
		load: () => import('./image/import.ts'),
	},
	{ name: 'inspect', root: '', summary: 'Show all that is known of images', load: () => import('./image/inspect.ts') },
	{ name: 'load', root: 'load', summary: 'Load images from an archive', load: () => import('./image/load.ts') },
	{
		name: 'ls',
		also: ['list'],
		root: 'images',
		common: true,
		summary: 'List images',
		load: () => import('./image/ls.ts'),
	},
	{ name: 'prune', root: '', summary: 'Remove unused images', load: () => import('./image/prune.ts') },
	{
		name: 'pull',
		root: 'pull',
		common: true,
		summary: 'Download an image from a registry',
		load: () => import('./image/pull.ts'),
	},
	{
		name: 'push',
		root: 'push',
		common: true,
		summary: 'Upload an image to a registry',
		load: () => import('./image/push.ts'),
	},
	{ name: 'rm', also: ['remove'], root: 'rmi', summary: 'Remove images', load: () => import('./image/rm.ts') },
	{ name: 'save', root: 'save', summary: 'Write images to an archive', load: () => import('./image/save.ts') },
	{ name: 'tag', root: 'tag', summary: 'Give an image another name', load: () => import('./image/tag.ts') },
];

const systemRows: readonly Row[] = [
	{ name: 'df', root: '', summary: 'Show what takes space on the disk', load: () => import('./system/df.ts') },
	{
		name: 'dial-stdio',
		root: '',
		hidden: true,
		summary: 'Join the socket of the daemon to standard input and output',
		load: () => import('./system/dial-stdio.ts'),
	},
	{
		name: 'events',
		root: 'events',
		summary: 'Show what happens in the engine, as it happens',
		load: () => import('./system/events.ts'),
	},
	{
		name: 'info',
		root: 'info',
		common: true,
		summary: 'Show facts about the engine and its host',
		load: () => import('./system/info.ts'),
	},
	{ name: 'prune', root: '', summary: 'Remove all that is not used', load: () => import('./system/prune.ts') },
];

const networkRows: readonly Row[] = [
	{
		name: 'inspect',
		root: '',
		summary: 'Show all that is known of networks',
		load: () => import('./network/inspect.ts'),
	},
	{ name: 'ls', also: ['list'], root: '', summary: 'List networks', load: () => import('./network/ls.ts') },
	{ name: 'prune', root: '', summary: 'Remove unused networks', load: () => import('./network/prune.ts') },
];

const volumeRows: readonly Row[] = [
	{ name: 'create', root: '', summary: 'Make a volume', load: () => import('./volume/create.ts') },
	{
		name: 'inspect',
		root: '',
		summary: 'Show all that is known of volumes',
		load: () => import('./volume/inspect.ts'),
	},
	{ name: 'ls', also: ['list'], root: '', summary: 'List volumes', load: () => import('./volume/ls.ts') },
	{
		name: 'prune',
		root: '',
		summary: 'Remove volumes that no container uses',
		load: () => import('./volume/prune.ts'),
	},
	{ name: 'rm', also: ['remove'], root: '', summary: 'Remove volumes', load: () => import('./volume/rm.ts') },
	{ name: 'update', root: '', summary: 'Change a cluster volume', load: () => import('./volume/update.ts') },
];

const completionRows: readonly Row[] = [
	{ name: 'bash', root: '', summary: 'Print the script for bash', load: () => import('./completion/bash.ts') },
	{ name: 'fish', root: '', summary: 'Print the script for fish', load: () => import('./completion/fish.ts') },
	{
		name: 'powershell',
		root: '',
		summary: 'Print the script for PowerShell',
		load: () => import('./completion/powershell.ts'),
	},
	{ name: 'zsh', root: '', summary: 'Print the script for zsh', load: () => import('./completion/zsh.ts') },
];

/** Commands of contexts have no name outside of their group. */
const contextRows: readonly Row[] = [
	{
		name: 'create',
		root: '',
		summary: 'Keep the address of a daemon under a name',
		load: () => import('./context/create.ts'),
	},
	{
		name: 'export',
		root: '',
		summary: 'Write a context into a tar file, or to standard output with -',
		load: () => import('./context/export.ts'),
	},
	{
		name: 'import',
		root: '',
		summary: 'Read a context from a tar or zip file, or from standard input with -',
		load: () => import('./context/import.ts'),
	},
	{
		name: 'inspect',
		root: '',
		summary: 'Show all that is known of contexts',
		load: () => import('./context/inspect.ts'),
	},
	{ name: 'ls', also: ['list'], root: '', summary: 'List contexts', load: () => import('./context/ls.ts') },
	{ name: 'rm', also: ['remove'], root: '', summary: 'Remove contexts', load: () => import('./context/rm.ts') },
	{
		name: 'show',
		root: '',
		summary: 'Print the name of the context in use',
		load: () => import('./context/show.ts'),
	},
	{
		name: 'update',
		root: '',
		summary: 'Change the description or the daemon of a context',
		load: () => import('./context/update.ts'),
	},
	{
		name: 'use',
		root: '',
		summary: 'Choose the context that commands work with',
		load: () => import('./context/use.ts'),
	},
];

const builderRows: readonly Row[] = [
	{ name: 'prune', root: '', summary: 'Remove the build cache', load: () => import('./builder/prune.ts') },
];

const plainRows: readonly Row[] = [
	{ name: 'login', root: 'login', summary: 'Log in to a registry', load: () => import('./registry/login.ts') },
	{ name: 'logout', root: 'logout', summary: 'Log out of a registry', load: () => import('./registry/logout.ts') },
	{
		name: 'inspect',
		root: 'inspect',
		summary: 'Show all that is known of objects',
		load: () => import('./system/inspect.ts'),
	},
	{
		name: 'version',
		root: 'version',
		common: true,
		summary: 'Show the versions of client and daemon',
		load: () => import('./system/version.ts'),
	},
];

function entryOf(group: string, row: Row, name: string): CommandEntry {
	const inGroup = group === '' ? [] : [row.name, ...(row.also ?? [])].map((one) => `${group} ${one}`);
	const aliases = row.root === '' || group === '' ? inGroup : [...inGroup, row.root];
	return {
		name,
		summary: row.summary,
		aliases: aliases.length > 1 ? aliases : [],
		...(row.also === undefined || name !== row.name ? {} : { also: row.also }),
		...(row.common === undefined ? {} : { common: row.common }),
		...(row.hidden === undefined ? {} : { hidden: row.hidden }),
		load: async () => (await row.load()).command,
	};
}

function groupOf(name: string, summary: string, rows: readonly Row[]): CommandGroup {
	return { name, summary, commands: rows.map((row) => entryOf(name, row, row.name)) };
}

/** The groups, by name. */
export const groups: readonly CommandGroup[] = [
	groupOf('builder', 'Manage the build cache', builderRows),
	groupOf('completion', 'Print the completion script for a shell', completionRows),
	groupOf('container', 'Manage containers', containerRows),
	groupOf('context', 'Manage contexts: the daemons to work with', contextRows),
	groupOf('image', 'Manage images', imageRows),
	groupOf('network', 'Look at networks', networkRows),
	groupOf('system', 'Look at the engine', systemRows),
	groupOf('volume', 'Manage volumes', volumeRows),
];

const sources: readonly (readonly [string, readonly Row[]])[] = [
	['container', containerRows],
	['image', imageRows],
	['system', systemRows],
	['', plainRows],
];

/** The commands that need no group. */
export const rootEntries: readonly CommandEntry[] = sources
	.flatMap(([group, rows]) => rows.filter((row) => row.root !== '').map((row) => entryOf(group, row, row.root)))
	.sort((a, b) => (a.name < b.name ? -1 : 1));

/** Finds the command that a word and those after it name. */
export function findCommand(word: string, after: readonly string[]): Found {
	const root = rootEntries.find((entry) => entry.name === word);
	if (root !== undefined) return { kind: 'command', entry: root, name: word, used: 0 };
	const group = groups.find((one) => one.name === word);
	if (group === undefined) return { kind: 'none' };
	const next = after[0];
	const entry = group.commands.find((one) => next !== undefined && (one.name === next || one.also?.includes(next)));
	return entry === undefined
		? { kind: 'group', group }
		: { kind: 'command', entry, name: `${group.name} ${next}`, used: 1 };
}
