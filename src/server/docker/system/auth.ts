import { decodeAuth } from '../../../api/create-request.ts';
import type { RegistryLogin } from '../../../engine/images/service.ts';
import { EngineError } from '../../../errors.ts';
import { type Exchange, readJson, sendJson } from '../exchange.ts';
import { authOf } from '../images/registry-auth.ts';

/** `POST /auth`: asks a registry whether it takes these credentials. */
export async function checkAuth(login: RegistryLogin, exchange: Exchange): Promise<void> {
	const body = await secretBody(exchange);
	const auth = authOf(decodeAuth(body, ''));
	const { identityToken } = await login(auth ?? {}, exchange.signal);
	await sendJson(exchange, { Status: 'Login Succeeded', IdentityToken: identityToken });
}

async function secretBody(exchange: Exchange): Promise<unknown> {
	try {
		return await readJson(exchange);
	} catch (error) {
		if (!(error instanceof EngineError) || !error.message.startsWith('invalid JSON')) throw error;
		// What could not be read may quote the password.
		throw new EngineError('invalid_argument', 'invalid JSON in the request body');
	}
}
