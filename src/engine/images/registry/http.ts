import { EngineError, messageOf } from '../../../errors.ts';
import type { Patience } from './config.ts';

/** One request to a registry or its token server. */
export interface RegistryRequest {
	readonly url: string;
	readonly method?: 'GET' | 'HEAD' | 'POST';
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	readonly verifyTls: boolean;
	readonly signal: AbortSignal;
}

/** A response whose body has a deadline between its pieces. Either read `body` or call `drop`. */
export interface RegistryResponse {
	readonly status: number;
	readonly statusText: string;
	readonly headers: Headers;
	/** Where redirects ended. */
	readonly url: string;
	readonly body: AsyncIterable<Uint8Array>;
	/** Gives the connection up. */
	drop(): void;
}

/** A request that no server answered: the next endpoint, or the same again, may. */
export class ConnectionError extends Error {
	override readonly name = 'ConnectionError';
	/** Nobody listens, or the name does not resolve. */
	readonly refused: boolean;

	constructor(message: string, options?: { readonly cause?: unknown }) {
		super(message, options);
		const cause = options?.cause;
		const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
		this.refused = /^(ConnectionRefused|ECONNREFUSED|ENOTFOUND|FailedToOpenSocket)$/.test(code);
	}
}

const maxRedirects = 5;
const redirectStatus = new Set([301, 302, 303, 307, 308]);

/**
 * Sends one request and follows redirects; credentials stay with the host that they were meant for.
 * @throws ConnectionError, or EngineError `cancelled`.
 */
export async function send(request: RegistryRequest, patience: Patience): Promise<RegistryResponse> {
	let url = new URL(request.url);
	let headers: Record<string, string> = { ...request.headers };
	for (let hop = 0; ; hop++) {
		const response = await exchange({ ...request, url: url.href, headers }, patience);
		const location = response.headers.get('location');
		if (!redirectStatus.has(response.status) || location === null) return response;
		response.drop();
		if (hop === maxRedirects)
			throw new EngineError('unavailable', `${request.url}: stopped after ${maxRedirects} redirects`);
		if (!URL.canParse(location, url.href))
			throw new EngineError('unavailable', `${request.url}: redirects to an invalid URL`);
		const next = new URL(location, url.href);
		if (next.protocol !== 'https:' && next.protocol !== 'http:') {
			throw new EngineError('unavailable', `${request.url}: redirects to the scheme ${next.protocol}`);
		}
		if (next.origin !== url.origin) {
			const { authorization: _kept, ...rest } = headers;
			headers = rest;
		}
		url = next;
	}
}

async function exchange(request: RegistryRequest, patience: Patience): Promise<RegistryResponse> {
	const controller = new AbortController();
	const abort = () => controller.abort(request.signal.reason);
	if (request.signal.aborted) throw cancelled();
	request.signal.addEventListener('abort', abort, { once: true });
	const release = () => request.signal.removeEventListener('abort', abort);
	const deadline = setTimeout(() => controller.abort(), patience.headersMs);
	let response: Response;
	try {
		response = await fetch(request.url, {
			method: request.method ?? 'GET',
			headers: { ...request.headers },
			...(request.body === undefined ? {} : { body: request.body }),
			redirect: 'manual',
			signal: controller.signal,
			// Bytes as the registry stores them: their digest is of the compressed form.
			decompress: false,
			tls: { rejectUnauthorized: request.verifyTls },
		});
	} catch (error) {
		release();
		if (request.signal.aborted) throw cancelled();
		const method = request.method ?? 'GET';
		const reason = controller.signal.aborted
			? 'timeout awaiting response headers'
			: reasonOf(error, new URL(request.url));
		throw new ConnectionError(`${method[0]}${method.slice(1).toLowerCase()} "${request.url}": ${reason}`, {
			cause: error,
		});
	} finally {
		clearTimeout(deadline);
	}
	return {
		status: response.status,
		statusText: response.statusText,
		headers: response.headers,
		url: request.url,
		body: readBody(response, controller, request, patience.idleMs, release),
		drop() {
			release();
			controller.abort();
			// The abort above already ended the body; its rejection has no reader.
			response.body?.cancel().catch(() => undefined);
		},
	};
}

/** Why nothing answered, in the words that people search for. */
function reasonOf(error: unknown, url: URL): string {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	const port = url.port || (url.protocol === 'https:' ? '443' : '80');
	if (code === 'ECONNREFUSED') return `dial tcp ${url.hostname}:${port}: connect: connection refused`;
	if (code === 'ENOTFOUND') return `dial tcp: lookup ${url.hostname}: no such host`;
	return messageOf(error);
}

async function* readBody(
	response: Response,
	controller: AbortController,
	request: RegistryRequest,
	idleMs: number,
	release: () => void,
): AsyncIterable<Uint8Array> {
	const reader = response.body?.getReader();
	let finished = false;
	let timer: ReturnType<typeof setTimeout> | undefined;
	try {
		while (reader !== undefined) {
			timer = setTimeout(() => controller.abort(), idleMs);
			const piece = await reader.read();
			clearTimeout(timer);
			if (piece.done) break;
			yield piece.value;
		}
		finished = true;
	} catch (error) {
		if (request.signal.aborted) throw cancelled();
		const reason = controller.signal.aborted ? `no data for ${idleMs / 1000} s` : messageOf(error);
		throw new ConnectionError(`read "${request.url}": ${reason}`, { cause: error });
	} finally {
		clearTimeout(timer);
		release();
		if (!finished) controller.abort();
	}
}

/** Reads a small body whole. @throws EngineError `corrupt` when it is larger than `maxSize`; ConnectionError. */
export async function readWhole(response: RegistryResponse, maxSize: number, what: string): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of response.body) {
		size += chunk.length;
		if (size > maxSize) throw new EngineError('corrupt', `${what} is larger than ${maxSize} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function cancelled(): EngineError {
	return new EngineError('cancelled', 'context canceled');
}

/** Waits, or is cancelled. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		if (signal.aborted) return reject(cancelled());
		const abort = () => {
			clearTimeout(timer);
			reject(cancelled());
		};
		const timer = setTimeout(() => {
			signal.removeEventListener('abort', abort);
			resolve();
		}, ms);
		signal.addEventListener('abort', abort, { once: true });
	});
}
