import { EngineError } from '../../errors.ts';
import type { ConfigFile } from '../config-file.ts';
import type { Flags } from '../flags.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The context that is always there: what flags and environment say. */
export const defaultContext = 'default';

const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/** Refuses what cannot be the name of a stored context. @throws EngineError `invalid_argument` */
export function checkContextName(name: string): void {
	if (name === '') throw new EngineError('invalid_argument', 'context name cannot be empty');
	if (name === defaultContext) throw new EngineError('invalid_argument', '"default" is a reserved context name');
	if (!validName.test(name)) {
		throw new EngineError(
			'invalid_argument',
			`context name "${name}" is invalid, names are validated against regexp "${validName.source}"`,
		);
	}
}

/** The variable that names a daemon and so stands before any context; null when none is set. */
export function hostVariable(env: Env): { readonly name: string; readonly host: string } | null {
	for (const name of ['GANTRY_HOST', 'DOCKER_HOST']) {
		const host = env[name];
		if (host !== undefined && host !== '') return { name, host };
	}
	return null;
}

/**
 * The context in use: `--context`, else the default one where `--host` or a variable names a daemon, else DOCKER_CONTEXT,
 * else the one of the configuration.
 * @throws EngineError `invalid_argument` for `--host` beside `--context`
 */
export async function currentContextName(flags: Flags, env: Env, config: () => Promise<ConfigFile>): Promise<string> {
	const given = flags.string('context');
	const hosts = flags.list('host').length > 0;
	if (given !== '' && hosts) {
		throw new EngineError('invalid_argument', 'conflicting options: cannot specify both --host and --context');
	}
	if (given !== '') return given;
	if (hosts || hostVariable(env) !== null) return defaultContext;
	return env.DOCKER_CONTEXT || (await config()).currentContext || defaultContext;
}
