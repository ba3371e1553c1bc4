import { EngineError } from '../../../errors.ts';
import type { RegistryAuth } from '../service.ts';
import { createAuthorizer } from './auth.ts';
import type { RegistryConfig } from './config.ts';
import type { RegistryEndpoint, RegistryEndpoints } from './endpoints.ts';
import { RegistryError } from './errors.ts';
import { ConnectionError, type RegistryResponse, send } from './http.ts';

/** Docker Hub's host for images, by the name that logins use. */
const hubNames = new Set(['', 'index.docker.io', 'registry-1.docker.io', 'docker.io']);

/**
 * Asks a registry whether it takes these credentials; no mirror ever sees them. Gives the identity token, `''` when the
 * registry issues none.
 * @throws EngineError `unauthorized` when it does not take them, `invalid_argument` for an address that cannot be,
 * `unavailable` when no endpoint answers as it should, `cancelled`.
 */
export async function loginToRegistry(
	auth: RegistryAuth,
	deps: { readonly config: RegistryConfig; readonly endpoints: RegistryEndpoints },
	signal: AbortSignal,
): Promise<{ readonly identityToken: string }> {
	const domain = domainOf(auth.serverAddress ?? '');
	let failure: unknown = new EngineError('unavailable', `no endpoint of ${domain} can be used`);
	for (const endpoint of deps.endpoints.of(domain)) {
		if (endpoint.mirror) continue;
		try {
			return await loginAt(endpoint, auth, deps.config, signal);
		} catch (error) {
			failure = toldError(error);
			if (signal.aborted || (failure instanceof EngineError && failure.code === 'unauthorized')) throw failure;
		}
	}
	throw failure;
}

function domainOf(address: string): string {
	const text = /^https?:\/\//.test(address) ? address : `https://${address}`;
	if (address === '') return 'docker.io';
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || url.username !== '' || url.password !== '') {
		throw new EngineError('invalid_argument', 'unable to parse server address: give HOST[:PORT] or a URL');
	}
	// URL drops the port that its scheme implies; it belongs to the registry's name.
	const host = /^https?:\/\/([^/?#]+)/.exec(text)?.[1] ?? url.host;
	return hubNames.has(host) ? 'docker.io' : host;
}

async function loginAt(
	endpoint: RegistryEndpoint,
	auth: RegistryAuth,
	config: RegistryConfig,
	signal: AbortSignal,
): Promise<{ readonly identityToken: string }> {
	let identityToken = auth.identityToken ?? '';
	const authorizer = createAuthorizer(endpoint, '', auth, config, (token) => {
		identityToken = token;
	});
	const url = `${endpoint.base}/v2/`;
	const ask = (): Promise<RegistryResponse> => {
		const authorization = authorizer.header();
		const headers = { 'user-agent': config.userAgent, ...(authorization === undefined ? {} : { authorization }) };
		return send({ url, headers, verifyTls: endpoint.verifyTls, signal }, config.patience);
	};
	let response = await ask();
	if (response.status === 401) {
		const before = response;
		const again = await authorizer.answer(before, signal);
		before.drop();
		if (again) response = await ask();
	}
	response.drop();
	if (response.status === 200) return { identityToken };
	throw new EngineError(
		response.status === 401 ? 'unauthorized' : 'unavailable',
		`login attempt to ${url} failed with status: ${response.status} ${response.statusText}`,
	);
}

function toldError(error: unknown): unknown {
	if (error instanceof ConnectionError) return new EngineError('unavailable', error.message, { cause: error });
	if (!(error instanceof RegistryError)) return error;
	const code = error.status === 401 || error.status === 403 ? 'unauthorized' : 'unavailable';
	return new EngineError(code, error.message, { cause: error });
}
