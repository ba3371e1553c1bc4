import { EngineError } from '../../../errors.ts';
import type { RegistryAuth } from '../service.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Patience } from './config.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import { errorOfResponse } from './errors.ts';
import { type RegistryResponse, readWhole, send } from './http.ts';

/** Credentials in use for one repository at one endpoint. */
export interface Authorizer {
	/** Value of the `Authorization` header, once there is one. */
	header(): string | undefined;
	/** Answers a 401. True: ask again with the new header. False: nothing more to offer. @throws EngineError `unauthorized`. */
	answer(response: RegistryResponse, signal: AbortSignal): Promise<boolean>;
}

const maxTokenSize = 1 << 20;

/**
 * Basic and Bearer. Sources: RFC 7617; distribution, token authentication and OAuth2 specifications.
 * `repository` '': of no repository, for a login; `onIdentityToken` then hears of the token that stands for the password.
 */
export function createAuthorizer(
	endpoint: RegistryEndpoint,
	repository: string,
	auth: RegistryAuth | null,
	options: { readonly patience: Patience; readonly userAgent: string },
	onIdentityToken?: (token: string) => void,
): Authorizer {
	// Credentials for the registry are not for its mirror.
	const credentials = endpoint.mirror ? null : auth;
	const hasPassword = credentials?.username !== undefined && credentials.username !== '';
	let header = credentials?.registryToken ? `Bearer ${credentials.registryToken}` : undefined;
	let pending: Promise<boolean> | undefined;

	const fetchToken = async (challenge: Challenge, signal: AbortSignal): Promise<string> => {
		const realm = challenge.parameters.get('realm') ?? '';
		const url = URL.canParse(realm) ? new URL(realm) : null;
		if (url === null || !/^https?:$/.test(url.protocol)) {
			throw new EngineError('unavailable', `the registry names an invalid token server ${JSON.stringify(realm)}`);
		}
		if (endpoint.base.startsWith('https:') && endpoint.verifyTls && url.protocol === 'http:') {
			throw new EngineError('unavailable', `the registry names a token server without encryption: ${realm}`);
		}
		const scope = challenge.parameters.get('scope') ?? (repository === '' ? '' : `repository:${repository}:pull`);
		const service = challenge.parameters.get('service') ?? '';
		const common = { verifyTls: endpoint.verifyTls, signal };
		const headers: Record<string, string> = { 'user-agent': options.userAgent };
		let response: RegistryResponse;
		if (credentials?.identityToken) {
			const form = new URLSearchParams({
				grant_type: 'refresh_token',
				service,
				scope,
				client_id: 'gantry',
				refresh_token: credentials.identityToken,
			});
			headers['content-type'] = 'application/x-www-form-urlencoded';
			response = await send(
				{ ...common, url: url.href, method: 'POST', headers, body: form.toString() },
				options.patience,
			);
		} else {
			if (service !== '') url.searchParams.set('service', service);
			if (onIdentityToken !== undefined) {
				url.searchParams.set('client_id', 'gantry');
				url.searchParams.set('offline_token', 'true');
			}
			for (const part of scope.split(' ')) if (part !== '') url.searchParams.append('scope', part);
			if (hasPassword) {
				url.searchParams.set('account', credentials.username ?? '');
				headers.authorization = basic(credentials);
			}
			response = await send({ ...common, url: url.href, headers }, options.patience);
		}
		if (response.status !== 200) throw await errorOfResponse(response);
		const answered = tokenOf(await readWhole(response, maxTokenSize, 'the token'));
		if (answered.refresh !== '') onIdentityToken?.(answered.refresh);
		return answered.token;
	};

	const answer = async (response: RegistryResponse, signal: AbortSignal): Promise<boolean> => {
		const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
		const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
		if (bearer !== undefined) {
			if (credentials?.registryToken) return false;
			header = `Bearer ${await fetchToken(bearer, signal)}`;
			return true;
		}
		if (!challenges.some(({ scheme }) => scheme === 'basic')) return false;
		if (!hasPassword) {
			throw new EngineError('unauthorized', `Get "${response.url}": no basic auth credentials`);
		}
		header = basic(credentials);
		return true;
	};

	return {
		header: () => header,
		answer(response, signal) {
			// Layers that are refused together fetch one new token together.
			pending ??= answer(response, signal).finally(() => {
				pending = undefined;
			});
			return pending;
		},
	};
}

function basic(auth: RegistryAuth): string {
	return `Basic ${Buffer.from(`${auth.username ?? ''}:${auth.password ?? ''}`).toString('base64')}`;
}

function tokenOf(bytes: Uint8Array): { readonly token: string; readonly refresh: string } {
	let body: { token?: unknown; access_token?: unknown; refresh_token?: unknown } | null;
	try {
		body = JSON.parse(Buffer.from(bytes).toString('utf8'));
	} catch (error) {
		throw new EngineError('unavailable', 'unable to decode token response: it is not JSON', { cause: error });
	}
	const token = body?.token || body?.access_token;
	if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
		throw new EngineError('unavailable', 'authorization server did not include a token in the response');
	}
	return { token, refresh: typeof body?.refresh_token === 'string' ? body.refresh_token : '' };
}
