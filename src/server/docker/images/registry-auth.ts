import { decodeAuth } from '../../../api/create-request.ts';
import type { RegistryAuth } from '../../../engine/images/service.ts';
import { EngineError } from '../../../errors.ts';

/** Largest header that is looked at. */
const maxLength = 64 * 1024;

/** `X-Registry-Auth`: base64url (or plain base64) of JSON. null without one or with an empty one. @throws EngineError `invalid_argument`. */
export function parseRegistryAuth(header: string | string[] | undefined): RegistryAuth | null {
	if (header === undefined || header === '') return null;
	const bad = () => new EngineError('invalid_argument', 'invalid X-Registry-Auth header');
	if (typeof header !== 'string' || header.length > maxLength || !/^[A-Za-z0-9_+/-]+={0,2}$/.test(header)) throw bad();
	let parsed: unknown;
	try {
		parsed = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
	} catch {
		// The JSON error would quote the credentials.
		throw bad();
	}
	return authOf(decodeAuth(parsed, 'X-Registry-Auth'));
}

/** Credentials as the engine takes them; null when there are none. */
export function authOf(auth: ReturnType<typeof decodeAuth>): RegistryAuth | null {
	const both = auth.auth === '' ? '' : Buffer.from(auth.auth, 'base64').toString('utf8');
	const colon = both.indexOf(':');
	const username = auth.username || (colon > 0 ? both.slice(0, colon) : '');
	const password = auth.password || (colon > 0 ? both.slice(colon + 1) : '');
	const result: RegistryAuth = {
		...(username === '' ? {} : { username }),
		...(password === '' ? {} : { password }),
		...(auth.identitytoken === '' ? {} : { identityToken: auth.identitytoken }),
		...(auth.registrytoken === '' ? {} : { registryToken: auth.registrytoken }),
		...(auth.serveraddress === '' ? {} : { serverAddress: auth.serveraddress }),
	};
	return Object.keys(result).length === 0 ? null : result;
}
