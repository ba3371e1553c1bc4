import { readFile } from 'node:fs/promises';
import { EngineError, messageOf } from '../../errors.ts';
import type { Context } from '../command.ts';
import { configFolder } from '../config-file.ts';
import type { EndpointChoice } from './endpoint-options.ts';
import { currentContextName, defaultContext, hostVariable } from './name.ts';
import { defaultContextHost, tlsFiles } from './resolve.ts';
import { type ContextStore, openContexts } from './store.ts';
import { dockerMeta, type StoredContext } from './stored-context.ts';

/** The description of the context that is always there. */
export const defaultDescription = 'Current DOCKER_HOST based configuration';

/** The contexts of the configuration that a command works with. */
export function contextsOf(context: Context): ContextStore {
	return openContexts(configFolder(context.globals.string('config'), context.env));
}

/** The name of the context in use. @throws EngineError */
export function currentName(context: Context): Promise<string> {
	return currentContextName(context.globals, context.env, () => context.config());
}

/** The context `default`, which is nowhere on disk. @throws EngineError */
export function defaultMeta(context: Context, description: string): StoredContext {
	const host = defaultContextHost(context.globals, context.env);
	return {
		Name: defaultContext,
		Metadata: description === '' ? {} : { Description: description },
		Endpoints: { docker: dockerMeta({ host, skipTlsVerify: false }) },
	};
}

/** The endpoint of the context `default` with the contents of its TLS files. @throws EngineError */
export async function defaultChoice(context: Context): Promise<EndpointChoice> {
	const files = await tlsFiles(context.globals, context.env);
	const bytes = new Map<string, Uint8Array>();
	for (const kind of ['ca', 'cert', 'key'] as const) {
		const path = files?.[kind] ?? '';
		if (path === '') continue;
		try {
			bytes.set(`${kind}.pem`, await readFile(path));
		} catch (error) {
			throw new EngineError('invalid_argument', messageOf(error), { cause: error });
		}
	}
	return {
		endpoint: {
			host: defaultContextHost(context.globals, context.env),
			skipTlsVerify: files !== null && !files.verify,
		},
		tls: new Map(bytes.size === 0 ? [] : [['docker', bytes]]),
	};
}

/** Says that a variable names the daemon, whatever the context in use. */
export function warnOfHostVariable(context: Context, wanted: string): void {
	const variable = hostVariable(context.env);
	if (variable === null) return;
	context.stderr.write(
		`Warning: ${variable.name} environment variable overrides the active context. To use ${wanted}, either set the global --context flag, or unset ${variable.name} environment variable.\n`,
	);
}
