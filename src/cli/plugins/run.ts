import type { Subprocess } from 'bun';
import { defaultHost } from '../../client/endpoint.ts';
import { EngineError } from '../../errors.ts';
import type { Context } from '../command.ts';
import { configFolder } from '../config-file.ts';
import { currentContextName, defaultContext, hostVariable } from '../contexts/name.ts';
import { isTerminal } from '../streams/terminal.ts';
import { findPlugin, listPlugins, metadataOf, type Plugin, type PluginMetadata } from './find.ts';

/** The only command that a configuration may send elsewhere, as in Docker's client. */
const aliasable = 'builder';

/** The plugin that a word of the command line stands for; null when there is none. @throws EngineError for a wrong alias */
export async function pluginFor(context: Context, word: string): Promise<Plugin | null> {
	const config = await context.config();
	for (const name of Object.keys(config.aliases ?? {})) {
		if (name !== aliasable) {
			throw new EngineError('invalid_argument', `not allowed to alias "${name}" (allowed: ["${aliasable}"])`);
		}
	}
	const name = config.aliases?.[word] ?? word;
	const plugin = await findPlugin(name, configFolder(context.globals.string('config'), context.env), config);
	return plugin !== null && (await metadataOf(plugin, { [callerVariable]: process.execPath })) !== null ? plugin : null;
}

/** Tells a plugin that it was called as one, and by which program. */
const callerVariable = 'DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND';

/**
 * Runs a plugin with a whole command line, global flags included, as plugins take it; its exit code. A plugin finds its
 * daemon by itself, in flags, environment and contexts: only the default is ours to tell.
 */
export async function runPlugin(context: Context, plugin: Plugin, argv: readonly string[]): Promise<number> {
	await context.stdout.flush();
	const env = { ...context.env, ...(await hostFor(context)), [callerVariable]: process.execPath };
	let child: Subprocess | null = null;
	// A terminal sends what is typed to the plugin as well as to us.
	const typed: readonly NodeJS.Signals[] = (await isTerminal(0)) ? ['SIGINT', 'SIGQUIT'] : [];
	const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
	for (const signal of signals) {
		process.on(signal, () => {
			if (!typed.includes(signal)) child?.kill(signal);
		});
	}
	child = Bun.spawn([plugin.path, ...argv], {
		env,
		stdin: 'inherit',
		stdout: 'inherit',
		stderr: 'inherit',
	});
	const code = await child.exited;
	if (child.signalCode === null) return code;
	const { constants } = await import('node:os');
	return 128 + (Object.entries(constants.signals).find(([name]) => name === child.signalCode)?.[1] ?? 0);
}

async function hostFor(context: Context): Promise<Record<string, string>> {
	const name = await currentContextName(context.globals, context.env, () => context.config());
	if (name !== defaultContext || context.globals.list('host').length > 0) return {};
	return { DOCKER_HOST: hostVariable(context.env)?.host ?? defaultHost };
}

/** The plugins that answer as plugins do, by name, with what they say of themselves. */
export async function describedPlugins(
	context: Context,
): Promise<{ readonly plugin: Plugin; readonly metadata: PluginMetadata }[]> {
	const folder = configFolder(context.globals.string('config'), context.env);
	const plugins = await listPlugins(folder, await context.config());
	const described = await Promise.all(
		plugins.map(async (plugin) => ({
			plugin,
			metadata: await metadataOf(plugin, { [callerVariable]: process.execPath }),
		})),
	);
	return described.flatMap(({ plugin, metadata }) => (metadata === null ? [] : [{ plugin, metadata }]));
}

/** The commands that plugins add, for the overview. */
export async function pluginCommands(context: Context): Promise<{ readonly name: string; readonly summary: string }[]> {
	return (await describedPlugins(context)).flatMap(({ plugin: { name }, metadata }) => {
		if (metadata.Hidden === true) return [];
		const { ShortDescription = '', Vendor, Version } = metadata;
		return [{ name: `${name}*`, summary: `${ShortDescription} (${[Vendor, Version].filter(Boolean).join(', ')})` }];
	});
}
