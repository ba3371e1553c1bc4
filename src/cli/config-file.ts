import { EngineError } from '../errors.ts';

/** What Docker's clients keep in `config.json`, as far as it is used here. */
export interface ConfigFile {
	readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string } | undefined>>;
	readonly credsStore?: string;
	readonly credHelpers?: Readonly<Record<string, string>>;
	readonly HttpHeaders?: Readonly<Record<string, string>>;
	readonly detachKeys?: string;
	readonly psFormat?: string;
	readonly statsFormat?: string;
	readonly imagesFormat?: string;
	readonly networksFormat?: string;
	readonly volumesFormat?: string;
	readonly proxies?: Readonly<Record<string, ProxyConfig | undefined>>;
	readonly currentContext?: string;
	readonly pruneFilters?: readonly string[];
	readonly plugins?: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
	readonly cliPluginsExtraDirs?: readonly string[];
	readonly aliases?: Readonly<Record<string, string>>;
}

/** Proxy settings that containers get as environment. */
export interface ProxyConfig {
	readonly httpProxy?: string;
	readonly httpsProxy?: string;
	readonly noProxy?: string;
	readonly ftpProxy?: string;
	readonly allProxy?: string;
}

/** The folder of the configuration: `--config`, DOCKER_CONFIG, `~/.docker`. */
export function configFolder(given: string, env: Readonly<Record<string, string | undefined>>): string {
	if (given !== '') return given;
	const fromEnv = env.DOCKER_CONFIG;
	if (fromEnv !== undefined && fromEnv !== '') return fromEnv;
	return `${env.HOME ?? '/root'}/.docker`;
}

/** Reads `config.json`; empty when there is none. @throws EngineError `invalid_argument` when it is not JSON. */
export async function readConfigFile(folder: string): Promise<ConfigFile> {
	const file = Bun.file(`${folder}/config.json`);
	if (!(await file.exists())) return {};
	try {
		const parsed: unknown = JSON.parse(await file.text());
		if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
		throw new SyntaxError('not an object');
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw new EngineError('invalid_argument', `Error parsing config file (${folder}/config.json): ${error.message}`, {
			cause: error,
		});
	}
}

/**
 * Sets members of `config.json` and leaves all others as they are; undefined takes one away. The file is for its owner
 * alone, as it may hold credentials. @throws EngineError when what is there cannot be read
 */
export async function writeConfigFile(folder: string, members: Readonly<Record<string, unknown>>): Promise<void> {
	const { mkdir, realpath } = await import('node:fs/promises');
	const { putFile } = await import('./contexts/store.ts');
	const next = { auths: {}, ...(await readConfigFile(folder)), ...members };
	await mkdir(folder, { recursive: true, mode: 0o700 });
	// A link to the file stays one.
	const path = await realpath(`${folder}/config.json`).catch(() => `${folder}/config.json`);
	await putFile(path, JSON.stringify(next, null, '\t'), 0o600);
}
