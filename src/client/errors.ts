import { EngineError, type ErrorCode } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { authority } from './query.ts';

const codes: Readonly<Record<number, ErrorCode>> = {
	304: 'not_modified',
	400: 'invalid_argument',
	401: 'unauthorized',
	403: 'forbidden',
	404: 'not_found',
	408: 'timeout',
	409: 'conflict',
	501: 'unsupported',
	503: 'unavailable',
	504: 'timeout',
	507: 'exhausted',
};

/** The error that a response with this status and body stands for: `Error response from daemon: …`. */
export function errorOfResponse(status: number, body: string, route: string): EngineError {
	const message = messageIn(body).trim();
	const said =
		message === ''
			? `request returned ${status} for API route ${route}, check if the server supports the requested API version`
			: `Error response from daemon: ${message}`;
	return new EngineError(codes[status] ?? 'internal', said);
}

function messageIn(body: string): string {
	if (!body.trimStart().startsWith('{')) return body;
	try {
		const parsed: unknown = JSON.parse(body);
		if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
			return parsed.message;
		}
	} catch (error) {
		// Not JSON after all: the text itself is the message.
		if (!(error instanceof SyntaxError)) throw error;
	}
	return body;
}

const unreachable = new Set([
	'ENOENT',
	'ECONNREFUSED',
	'FailedToOpenSocket',
	'ECONNRESET',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ETIMEDOUT',
]);

/** The request that did not get out, as Go's client names it in its errors: `Get "http://…"`. */
export function requestText(method: string, endpoint: Endpoint, path: string): string {
	return `${method.slice(0, 1)}${method.slice(1).toLowerCase()} "${baseOf(endpoint)}${path}"`;
}

function baseOf(endpoint: Endpoint): string {
	switch (endpoint.kind) {
		case 'unix':
			return `http://${encodeURIComponent(endpoint.path)}`;
		case 'tcp':
			return `${endpoint.tls === null ? 'http' : 'https'}://${authority(endpoint)}`;
		case 'ssh':
			return endpoint.text;
	}
}

/** The error for a daemon that cannot be reached. `asked`: the request, as {@link requestText} names it. */
export function connectError(error: unknown, endpoint: Endpoint, asked: string): EngineError {
	if (error instanceof EngineError) return error;
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	if (endpoint.kind === 'unix' && (code === 'EACCES' || code === 'EPERM')) {
		const why = code === 'EACCES' ? 'permission denied' : 'operation not permitted';
		return new EngineError(
			'forbidden',
			`permission denied while trying to connect to the Gantry daemon socket at ${endpoint.text}: ${asked}: dial unix ${endpoint.path}: connect: ${why}`,
			{ cause: error },
		);
	}
	if (code === 'ENOTFOUND' && endpoint.kind === 'tcp') {
		const why = `dial tcp: lookup ${endpoint.hostname}: no such host`;
		return new EngineError('unavailable', `error during connect: ${asked}: ${why}`, { cause: error });
	}
	if (endpoint.kind === 'tcp' && endpoint.tls !== null && !unreachable.has(code)) {
		const reason = error instanceof Error ? error.message : String(error);
		return new EngineError('unavailable', `error during connect: ${asked}: ${reason}`, { cause: error });
	}
	return new EngineError(
		'unavailable',
		`Cannot connect to the Gantry daemon at ${endpoint.text}. Is the gantry daemon running?`,
		{ cause: error },
	);
}
