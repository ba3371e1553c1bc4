import type { ApiClient } from '../client/client.ts';
import { EngineError, messageOf } from '../errors.ts';
import type { CommandDef, Context } from './command.ts';
import { type CommandEntry, findCommand, groups, rootEntries } from './commands.ts';
import type { ConfigFile } from './config-file.ts';
import { Flags, parseFlags } from './flags.ts';
import { globalFlags } from './global-flags.ts';
import { openOutput } from './output.ts';

const program = 'gantry';
const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'];

/**
 * Runs a command line (without the program's name) and ends the process with its exit code: a terminal or pipe that
 * is still being read must not keep it alive.
 */
export async function runCli(argv: readonly string[]): Promise<number> {
	process.exit(await dispatch(argv));
}

/** Runs a command line; its exit code. Messages go to stderr. */
export async function dispatch(argv: readonly string[]): Promise<number> {
	const stdout = openOutput(1);
	const stderr = openOutput(2);
	try {
		return await route(argv, stdout, stderr);
	} catch (error) {
		await stdout.flush();
		const isOurs = error instanceof EngineError || (error instanceof Error && error.name === 'TemplateError');
		stderr.write(`${isOurs ? error.message : `${program}: ${messageOf(error)}`}\n`);
		return 1;
	} finally {
		await stdout.flush();
		await stderr.flush();
	}
}

type Outputs = Pick<Context, 'stdout' | 'stderr'>;

async function route(argv: readonly string[], stdout: Context['stdout'], stderr: Context['stderr']): Promise<number> {
	const parsed = parseFlags(argv, globalFlags, false);
	if (parsed.kind === 'wrong') {
		stderr.write(
			`${parsed.message}\n\nUsage:  ${program} [OPTIONS] COMMAND [ARG...]\n\nRun '${program} --help' for more information\n`,
		);
		return 125;
	}
	if (parsed.kind === 'help') return overview(new Flags(globalFlags, new Map()), { stdout, stderr });
	const { flags, args } = parsed;
	if (flags.bool('version')) {
		const { buildInfo } = await import('../lib/build-info.ts');
		stdout.write(`Gantry version ${buildInfo.version}, build ${buildInfo.commit}\n`);
		return 0;
	}
	if (!logLevels.includes(flags.string('log-level'))) {
		stderr.write(`Unable to parse logging level: ${flags.string('log-level')}\n`);
		return 1;
	}
	return routeCommand(args, flags, { stdout, stderr }, argv.slice(0, argv.length - args.length));
}

/** `before`: the words before the command, for a plugin that reads them again. */
async function routeCommand(
	args: readonly string[],
	flags: Flags,
	outputs: Outputs,
	before: readonly string[],
): Promise<number> {
	const { stdout, stderr } = outputs;
	const [word, ...rest] = args;
	if (word === undefined) return overview(flags, outputs);
	if (word === 'help') {
		return rest.length === 0 ? overview(flags, outputs) : helpOn(rest, flags, outputs, before);
	}
	if (word === '__complete') {
		const { complete } = await import('./completion/complete.ts');
		return complete(createContext(flagsBefore(rest), outputs), rest);
	}
	// The one command of ours that a configuration may give to a plugin.
	const given = word === 'builder' && (await createContext(flags, outputs).config()).aliases?.builder !== undefined;
	const found = given ? ({ kind: 'none' } as const) : findCommand(word, rest);
	switch (found.kind) {
		case 'command':
			return runCommand(found.entry, `${program} ${found.name}`, rest.slice(found.used), flags, outputs);
		case 'group': {
			const { groupHelp } = await import('./overview.ts');
			const next = rest[0];
			if (next === undefined || next === '--help' || next === '-h') {
				stdout.write(groupHelp(program, found.group));
				return 0;
			}
			const path = `${program} ${found.group.name}`;
			const what = next.startsWith('-') ? `unknown flag: ${next}` : `${program}: unknown command: ${path} ${next}`;
			stderr.write(`${what}\n\nUsage:  ${path}\n\nRun '${path} --help' for more information\n`);
			return next.startsWith('-') ? 125 : 1;
		}
		case 'none': {
			const { pluginFor, runPlugin } = await import('./plugins/run.ts');
			const context = createContext(flags, outputs);
			const plugin = await pluginFor(context, word);
			if (plugin !== null) return runPlugin(context, plugin, [...before, plugin.name, ...rest]);
			stderr.write(`${program}: unknown command: ${program} ${word}\n\nRun '${program} --help' for more information\n`);
			return 1;
		}
	}
}

/** `gantry help TOPIC`. */
async function helpOn(
	topic: readonly string[],
	flags: Flags,
	outputs: Outputs,
	before: readonly string[],
): Promise<number> {
	const [word = '', ...rest] = topic;
	const found = findCommand(word, rest);
	let unknown = found.kind === 'none' ? topic : found.kind === 'group' ? rest : rest.slice(found.used);
	if (found.kind === 'none') {
		const { pluginFor } = await import('./plugins/run.ts');
		if ((await pluginFor(createContext(flags, outputs), word)) !== null) unknown = [];
	}
	if (unknown.length === 0) return routeCommand([...topic, '--help'], flags, outputs, before);
	outputs.stderr.write(`unknown help topic: ${unknown.join(' ')}\n`);
	return 1;
}

/** The global flags of a line that is being completed; of a line that is not in order yet, none. */
function flagsBefore(line: readonly string[]): Flags {
	const parsed = parseFlags(line.slice(0, -1), globalFlags, false);
	return parsed.kind === 'parsed' ? parsed.flags : new Flags(globalFlags, new Map());
}

async function overview(flags: Flags, outputs: Outputs): Promise<number> {
	const { rootHelp } = await import('./overview.ts');
	const { pluginCommands } = await import('./plugins/run.ts');
	const { stdout } = outputs;
	const plugins = await pluginCommands(createContext(flags, outputs));
	const width = (await stdout.columns()) ?? 80;
	stdout.write(rootHelp(program, rootEntries, [...groups, ...plugins], globalFlags, width));
	return 0;
}

async function runCommand(
	entry: CommandEntry,
	name: string,
	argv: readonly string[],
	globals: Flags,
	{ stdout, stderr }: Outputs,
): Promise<number> {
	const def = await entry.load();
	const parsed = parseFlags(argv, def.flags, def.stopsAtFirstArgument !== true);
	if (parsed.kind === 'help') {
		const { commandHelp } = await import('./help.ts');
		const aliases = entry.aliases.map((alias) => `${program} ${alias}`);
		stdout.write(commandHelp(name, aliases.length === 0 ? def : { ...def, aliases }, (await stdout.columns()) ?? 80));
		return 0;
	}
	if (parsed.kind === 'wrong') {
		const { usageError } = await import('./help.ts');
		stderr.write(usageError(parsed.message, name, def));
		return 125;
	}
	const context = createContext(globals, { stdout, stderr });
	const { tooNew } = await import('./required-versions.ts');
	const canonical = entry.aliases[0] ?? name.slice(program.length + 1);
	const refusal = foreignFlags(def, parsed.flags) || (await tooNew(context, canonical, name, def, parsed.flags));
	if (refusal !== '') {
		stderr.write(`${refusal}\n`);
		return 1;
	}
	const count = parsed.args.length;
	if (count < def.arity.min || count > def.arity.max) {
		const { usageError } = await import('./help.ts');
		const openEnded = def.arity.max === Number.POSITIVE_INFINITY;
		const message = `${program}: '${name}' ${arityMessage(def.arity)}`;
		stderr.write(usageError(message, name, def, openEnded ? 'See' : 'Run'));
		return 1;
	}
	return def.run(context, parsed.flags, parsed.args);
}

/** What only a daemon of another kind could do, one a line. */
function foreignFlags(def: CommandDef, flags: Flags): string {
	return def.flags
		.filter((flag) => (flag.windows === true || flag.experimental === true) && flags.changed(flag.name))
		.map(({ name, windows }) => {
			const where = windows === true ? 'running on windows' : 'with experimental features enabled';
			return `"--${name}" is only supported on a Gantry daemon ${where}`;
		})
		.join('\n');
}

function arityMessage({ min, max }: { min: number; max: number }): string {
	const plural = (count: number) => `${count} argument${count === 1 ? '' : 's'}`;
	if (max === 0) return 'accepts no arguments';
	if (max === Number.POSITIVE_INFINITY) return `requires at least ${plural(min)}`;
	if (min === max) return `requires ${plural(min)}`;
	if (min === 0) return `requires at most ${plural(max)}`;
	return `requires at least ${min} and at most ${plural(max)}`;
}

function createContext(globals: Flags, outputs: Outputs): Context {
	const { env } = process;
	const debug = globals.bool('debug') || globals.string('log-level') === 'debug';
	let client: Promise<ApiClient> | null = null;
	let config: Promise<ConfigFile> | null = null;
	const readConfig = () => {
		config ??= loadConfig(globals, outputs);
		return config;
	};
	return {
		...outputs,
		env,
		debug,
		globals,
		client() {
			client ??= (async () => {
				const { createClient } = await import('./connect.ts');
				const trace = debug ? (line: string) => outputs.stderr.write(`DEBUG: ${line}\n`) : undefined;
				return createClient(globals, env, readConfig, trace);
			})();
			return client;
		},
		config: readConfig,
	};
}

/** A configuration that cannot be read is none, and said to be wrong. */
async function loadConfig(globals: Flags, { stderr }: Outputs): Promise<ConfigFile> {
	const { configFolder, readConfigFile } = await import('./config-file.ts');
	const folder = configFolder(globals.string('config'), process.env);
	try {
		return await readConfigFile(folder);
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		stderr.write(`WARNING: ${error.message}\n`);
		return {};
	}
}
