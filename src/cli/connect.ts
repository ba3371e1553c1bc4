import { ApiClient } from '../client/client.ts';
import type { ConfigFile } from './config-file.ts';
import { resolveEndpoint } from './contexts/resolve.ts';
import type { Flags } from './flags.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The client that global flags, environment, configuration and contexts ask for.
 * @throws EngineError for a wrong host, a context that is not there, or TLS files that cannot be.
 */
export async function createClient(
	flags: Flags,
	env: Env,
	config: () => Promise<ConfigFile>,
	trace: ((line: string) => void) | undefined,
): Promise<ApiClient> {
	const endpoint = await resolveEndpoint(flags, env, config);
	const version = env.DOCKER_API_VERSION?.replace(/^v/, '');
	return new ApiClient({
		endpoint,
		headers: headersOf(await config()),
		apiVersion: version === undefined || version === '' ? null : version,
		...(trace === undefined ? {} : { trace }),
	});
}

/** The headers of the user's configuration; who the client is says the client. */
function headersOf(config: ConfigFile): Record<string, string> {
	const given = Object.entries(config.HttpHeaders ?? {});
	return Object.fromEntries(given.filter(([name]) => name.toLowerCase() !== 'user-agent'));
}
