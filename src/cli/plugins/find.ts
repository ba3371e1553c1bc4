import { readdir, stat } from 'node:fs/promises';
import type { ConfigFile } from '../config-file.ts';

/** A program that adds a command to Docker's clients, and so to ours: `docker-compose` for `compose`. */
export interface Plugin {
	readonly name: string;
	readonly path: string;
}

/** What a plugin says of itself. Names as in its JSON. */
export interface PluginMetadata {
	readonly SchemaVersion: string;
	readonly Vendor: string;
	readonly Version?: string;
	readonly ShortDescription?: string;
	readonly URL?: string;
	readonly Hidden?: boolean;
}

/** Docker's plugins belong to its system folders; the user's own come first. */
const systemFolders = [
	'/usr/local/lib/docker/cli-plugins',
	'/usr/local/libexec/docker/cli-plugins',
	'/usr/lib/docker/cli-plugins',
	'/usr/libexec/docker/cli-plugins',
];
const prefix = 'docker-';
const validName = /^[a-z][a-z0-9]*$/;
/** Milliseconds for a plugin to describe itself. */
const metadataPatience = 5000;
/** The most characters of a description. */
const maxMetadata = 64 * 1024;

/** The folders where plugins are looked for, the first before the others. */
function pluginFolders(configFolder: string, config: ConfigFile): string[] {
	return [...(config.cliPluginsExtraDirs ?? []), `${configFolder}/cli-plugins`, ...systemFolders];
}

/** The plugin of that name; null when there is none. */
export async function findPlugin(name: string, configFolder: string, config: ConfigFile): Promise<Plugin | null> {
	if (!validName.test(name)) return null;
	for (const folder of pluginFolders(configFolder, config)) {
		const path = `${folder}/${prefix}${name}`;
		if (await isProgram(path)) return { name, path };
	}
	return null;
}

/** All plugins, by name. */
export async function listPlugins(configFolder: string, config: ConfigFile): Promise<Plugin[]> {
	const found = new Map<string, Plugin>();
	for (const folder of pluginFolders(configFolder, config)) {
		for (const file of await namesIn(folder)) {
			const name = file.slice(prefix.length);
			if (!file.startsWith(prefix) || !validName.test(name) || found.has(name)) continue;
			if (await isProgram(`${folder}/${file}`)) found.set(name, { name, path: `${folder}/${file}` });
		}
	}
	return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Asks a plugin what it is; null when it does not answer as a plugin does. */
export async function metadataOf(
	{ path }: Plugin,
	env: Readonly<Record<string, string>>,
): Promise<PluginMetadata | null> {
	try {
		const child = Bun.spawn([path, 'docker-cli-plugin-metadata'], {
			env: { ...process.env, ...env },
			stdin: 'ignore',
			stdout: 'pipe',
			stderr: 'ignore',
			timeout: metadataPatience,
			killSignal: 'SIGKILL',
			maxBuffer: maxMetadata,
		});
		const [output, code] = await Promise.all([child.stdout.text(), child.exited]);
		return code === 0 ? parseMetadata(output) : null;
	} catch (error) {
		// A file that cannot be run is no plugin, and neither is one that says what is no JSON.
		if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return null;
		throw error;
	}
}

function parseMetadata(text: string): PluginMetadata | null {
	const parsed: unknown = JSON.parse(text);
	if (typeof parsed !== 'object' || parsed === null) return null;
	const { SchemaVersion, Vendor, ...rest } = parsed as Readonly<Record<string, unknown>>;
	if (SchemaVersion !== '0.1.0' || typeof Vendor !== 'string' || Vendor === '') return null;
	const word = (name: string) => (typeof rest[name] === 'string' ? { [name]: rest[name] } : {});
	return {
		SchemaVersion,
		Vendor,
		...word('Version'),
		...word('ShortDescription'),
		...word('URL'),
		Hidden: rest.Hidden === true,
	};
}

async function isProgram(path: string): Promise<boolean> {
	try {
		const { mode } = await stat(path);
		return (mode & 0o170000) === 0o100000 && (mode & 0o111) !== 0;
	} catch (error) {
		if (isUnreachable(error)) return false;
		throw error;
	}
}

async function namesIn(folder: string): Promise<string[]> {
	try {
		return (await readdir(folder)).sort();
	} catch (error) {
		if (isUnreachable(error)) return [];
		throw error;
	}
}

function isUnreachable(error: unknown): boolean {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	return ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'].includes(code);
}
