import { ApiClient } from '../client/client.ts';
import { defaultHost, parseEndpoint, type TlsFiles } from '../client/endpoint.ts';
import { EngineError } from '../errors.ts';
import { configFolder } from './config-file.ts';
import type { Flags } from './flags.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The client that global flags and environment ask for: `-H`, GANTRY_HOST, DOCKER_HOST, else the default socket.
 * @throws EngineError for a context, a wrong host, or TLS files that cannot be.
 */
export function createClient(flags: Flags, env: Env, trace: ((line: string) => void) | undefined): ApiClient {
	const hosts = flags.list('host');
	if (hosts.length > 1) throw new EngineError('invalid_argument', 'Specify only one -H');
	refuseContexts(flags, env);
	const host = hosts[0] || env.GANTRY_HOST || env.DOCKER_HOST || defaultHost;
	const endpoint = parseEndpoint(host.includes('://') ? host : `tcp://${host}`, tlsFiles(flags, env));
	const version = env.DOCKER_API_VERSION?.replace(/^v/, '');
	return new ApiClient({
		endpoint,
		apiVersion: version === undefined || version === '' ? null : version,
		...(trace === undefined ? {} : { trace }),
	});
}

function refuseContexts(flags: Flags, env: Env): void {
	const context = flags.string('context') || (flags.list('host').length > 0 ? '' : (env.DOCKER_CONTEXT ?? ''));
	if (context !== '' && context !== 'default') {
		throw new EngineError(
			'unsupported',
			`context "${context}": contexts are not supported; name the daemon with --host, GANTRY_HOST or DOCKER_HOST`,
		);
	}
}

function tlsFiles(flags: Flags, env: Env): TlsFiles | null {
	const verify = flags.changed('tlsverify') ? flags.bool('tlsverify') : (env.DOCKER_TLS_VERIFY ?? '') !== '';
	if (!verify && !flags.bool('tls') && (env.DOCKER_TLS ?? '') === '') return null;
	const folder = env.DOCKER_CERT_PATH || configFolder(flags.string('config'), env);
	return {
		ca: flags.string('tlscacert') || `${folder}/ca.pem`,
		cert: flags.string('tlscert') || `${folder}/cert.pem`,
		key: flags.string('tlskey') || `${folder}/key.pem`,
		verify,
	};
}
