import { EngineError, type ErrorCode } from '../../../errors.ts';
import { familiarName, familiarString, type Reference } from '../../../oci/reference.ts';
import { parseChallenges } from './challenge.ts';
import { ConnectionError, type RegistryResponse, readWhole } from './http.ts';

/** What a registry said went wrong. `reason`: its code, e.g. `MANIFEST_UNKNOWN`. */
export class RegistryError extends Error {
	override readonly name = 'RegistryError';

	constructor(
		readonly status: number,
		readonly reason: string,
		message: string,
	) {
		super(message);
	}
}

const maxErrorSize = 64 << 10;

/** Reads an error response. Source: OCI distribution-spec, error codes. */
export async function errorOfResponse(response: RegistryResponse): Promise<RegistryError> {
	const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
	if (
		response.status === 401 &&
		challenges.some(({ parameters }) => parameters.get('error') === 'insufficient_scope')
	) {
		response.drop();
		return registryError(401, 'DENIED', 'requested access to the resource is denied');
	}
	const text = await bodyText(response);
	const first = firstError(text);
	if (first !== undefined) return registryError(response.status, first.code, first.message);
	switch (response.status) {
		case 401:
			return registryError(401, 'UNAUTHORIZED', detailsOf(text) ?? 'authentication required');
		case 403:
			return registryError(403, 'DENIED', 'requested access to the resource is denied');
		case 429:
			return registryError(429, 'TOOMANYREQUESTS', 'too many requests');
		default:
			return new RegistryError(
				response.status,
				'UNKNOWN',
				`received unexpected HTTP status: ${response.status} ${response.statusText}`.trimEnd(),
			);
	}
}

function registryError(status: number, code: string, message: string): RegistryError {
	return new RegistryError(status, code, `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`);
}

async function bodyText(response: RegistryResponse): Promise<string> {
	try {
		return Buffer.from(await readWhole(response, maxErrorSize, 'the error')).toString('utf8');
	} catch {
		// The status says enough when the explanation is too long or breaks off.
		return '';
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Proxies answer in HTML: the status has to do.
		return undefined;
	}
}

function firstError(text: string): { code: string; message: string } | undefined {
	const body = parse(text);
	const list = isObject(body) && Array.isArray(body.errors) ? body.errors : [];
	const first: unknown = list[0];
	if (!isObject(first) || typeof first.code !== 'string' || !/^[A-Za-z_]{1,64}$/.test(first.code)) return undefined;
	return {
		code: first.code.toUpperCase(),
		message: oneLine(typeof first.message === 'string' ? first.message : 'unknown'),
	};
}

function detailsOf(text: string): string | undefined {
	const body = parse(text);
	return isObject(body) && typeof body.details === 'string' ? oneLine(body.details) : undefined;
}

/** A registry's text goes to people's terminals: one line, printable, not long. */
function oneLine(text: string): string {
	return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, 1000);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}

/** A registry's error as Docker says it of a pull; one of the connection as it is. Anything else comes back as it is. */
export function pullError(error: unknown, reference: Reference): unknown {
	if (error instanceof ConnectionError) return new EngineError('unavailable', error.message, { cause: error });
	if (!(error instanceof RegistryError)) return error;
	const made = (code: ErrorCode, message: string) => new EngineError(code, message, { cause: error });
	switch (error.reason) {
		case 'DENIED':
			return made(
				'not_found',
				`pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${error.message}`,
			);
		case 'MANIFEST_UNKNOWN':
			return made('not_found', `manifest for ${familiarString(reference)} not found: ${error.message}`);
		case 'NAME_UNKNOWN':
			return made('not_found', `repository ${familiarName(reference)} not found: ${error.message}`);
		case 'UNAUTHORIZED':
			return made('unauthorized', error.message);
		default:
			if (error.status === 404) {
				return made(
					'not_found',
					`manifest for ${familiarString(reference)} not found: manifest unknown: manifest unknown`,
				);
			}
			return made('unavailable', error.message);
	}
}
