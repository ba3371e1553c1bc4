import type { IncomingMessage } from 'node:http';
import { apiVersion, checkVersion } from '../../api/versions.ts';
import { codeOf, EngineError } from '../../errors.ts';
import type { Caller } from '../../events/types.ts';
import type { Logger } from '../../lib/logger.ts';
import { errorResponse } from './errors.ts';
import { type Exchange, type Responder, sendEmpty, sendJson } from './exchange.ts';
import type { Router } from './router.ts';

/** A request target split up; `version` is null without a prefix. */
function parseTarget(target: string): { version: string | null; path: string; query: URLSearchParams } {
	const mark = target.indexOf('?');
	const whole = mark < 0 ? target : target.slice(0, mark);
	const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
	const match = /^\/v(\d[\d.]*)(\/.*)$/.exec(whole);
	if (match === null) return { version: null, path: whole, query };
	return { version: match[1] ?? '', path: match[2] ?? '/', query };
}

/** Runs a request through the router. Never rejects: what is thrown is answered, and logged when it is our fault. */
export async function dispatch(
	router: Router,
	log: Logger,
	request: IncomingMessage,
	responder: Responder,
	caller: Caller,
	signal: AbortSignal,
): Promise<void> {
	const method = request.method ?? 'GET';
	let exchange: Exchange = {
		request,
		method,
		params: {},
		query: new URLSearchParams(),
		version: apiVersion,
		caller,
		signal,
		responder,
	};
	try {
		const target = parseTarget(request.url ?? '/');
		if (target.version !== null) checkVersion(target.version);
		for (const value of target.query.values()) {
			if (value.includes('\0')) throw new EngineError('invalid_argument', 'the query must not contain a NUL byte');
		}
		const { handler, params } = router.find(method, target.path);
		exchange = { ...exchange, params, query: target.query, version: target.version ?? apiVersion };
		await handler(exchange);
	} catch (error) {
		await answerError(exchange, error, log).catch((second) => {
			// The client is gone: there is nobody left to tell.
			if (codeOf(second) !== 'cancelled') log.warn(`answer ${method} ${request.url}: ${String(second)}`);
			responder.abort();
		});
	}
}

async function answerError(exchange: Exchange, error: unknown, log: Logger): Promise<void> {
	const { responder, request, method } = exchange;
	const { status, message } = errorResponse(error);
	if (codeOf(error) === 'internal') {
		const stack = error instanceof Error && error.stack !== undefined ? error.stack : message;
		log.error(`${method} ${request.url}: ${stack}`);
	}
	if (responder.started) {
		responder.abort();
		return;
	}
	if (status === 304) sendEmpty(exchange, 304);
	else await sendJson(exchange, { message }, status);
}
