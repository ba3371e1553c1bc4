import { stat } from 'node:fs/promises';
import { defaultHost, type Endpoint, parseEndpoint, type TlsFiles } from '../../client/endpoint.ts';
import { EngineError } from '../../errors.ts';
import { type ConfigFile, configFolder } from '../config-file.ts';
import type { Flags } from '../flags.ts';
import { completeHost } from './complete-host.ts';
import { currentContextName, defaultContext, hostVariable } from './name.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The daemon that global flags, environment, configuration and contexts name.
 * @throws EngineError for what cannot be found or is no address
 */
export async function resolveEndpoint(flags: Flags, env: Env, config: () => Promise<ConfigFile>): Promise<Endpoint> {
	const name = await currentContextName(flags, env, config);
	try {
		return name === defaultContext ? await defaultEndpoint(flags, env) : await endpointOf(name, flags, env);
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		const what = /^(ssh host|protocol not|unable to parse docker)/.test(error.message)
			? ''
			: 'unable to resolve docker endpoint: ';
		throw new EngineError(error.code, `Failed to initialize: ${what}${error.message}`, { cause: error });
	}
}

async function endpointOf(name: string, flags: Flags, env: Env): Promise<Endpoint> {
	const { openContexts } = await import('./store.ts');
	const { dockerEndpointOf } = await import('./stored-context.ts');
	const store = openContexts(configFolder(flags.string('config'), env));
	const { host, skipTlsVerify } = dockerEndpointOf(await store.read(name));
	const files = (await store.listTls(name)).docker ?? [];
	const folder = `${store.foldersOf(name).tls}/docker`;
	const file = (kind: string) => (files.includes(kind) ? `${folder}/${kind}` : '');
	const hasTls = files.length > 0 || skipTlsVerify;
	const tls: TlsFiles | null = hasTls
		? { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem'), verify: !skipTlsVerify }
		: null;
	return parseEndpoint(host === '' ? defaultHost : host, tls);
}

/** The host of the default context, as it was given. @throws EngineError for more than one `--host` */
export function defaultContextHost(flags: Flags, env: Env): string {
	const hosts = flags.list('host');
	if (hosts.length > 1) throw new EngineError('invalid_argument', 'Specify only one -H');
	const host = (hosts[0] || hostVariable(env)?.host || defaultHost).trim();
	return completeHost(host, usesTls(flags, env) ? 2376 : 2375);
}

async function defaultEndpoint(flags: Flags, env: Env): Promise<Endpoint> {
	return parseEndpoint(defaultContextHost(flags, env), await tlsFiles(flags, env));
}

function verifies(flags: Flags, env: Env): boolean {
	return flags.changed('tlsverify') ? flags.bool('tlsverify') : (env.DOCKER_TLS_VERIFY ?? '') !== '';
}

function usesTls(flags: Flags, env: Env): boolean {
	return flags.bool('tls') || flags.changed('tlsverify') || verifies(flags, env);
}

/** The TLS files of the default context; null for none. A certificate that nobody asked for need not be there. */
export async function tlsFiles(flags: Flags, env: Env): Promise<TlsFiles | null> {
	if (!usesTls(flags, env)) return null;
	const folder = env.DOCKER_CERT_PATH || configFolder(flags.string('config'), env);
	const own = async (flag: string, file: string) => {
		if (flags.changed(flag)) return flags.string(flag);
		const path = `${folder}/${file}`;
		return (await exists(path)) ? path : '';
	};
	const files: TlsFiles = {
		ca: flags.string('tlscacert') || `${folder}/ca.pem`,
		cert: await own('tlscert', 'cert.pem'),
		key: await own('tlskey', 'key.pem'),
		verify: verifies(flags, env),
	};
	for (const path of [files.ca, files.cert, files.key]) {
		if (path !== '' && !(await exists(path))) {
			throw new EngineError('invalid_argument', `open ${path}: no such file or directory`);
		}
	}
	return files;
}

async function exists(path: string): Promise<boolean> {
	try {
		await stat(path);
		return true;
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
		throw error;
	}
}
