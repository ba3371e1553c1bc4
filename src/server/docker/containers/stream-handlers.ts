import { parseMoment, queryFlag, queryInteger } from '../../../api/query.ts';
import { compareVersions } from '../../../api/versions.ts';
import type { AttachOptions, ContainerStreams, LogOptions } from '../../../engine/containers/service.ts';
import { EngineError } from '../../../errors.ts';
import { nowNano } from '../../../lib/time.ts';
import { bodyStream, type Exchange, param, sendEmpty } from '../exchange.ts';
import type { Route } from '../router.ts';
import { acceptWebSocket, checkWebSocket } from '../websocket.ts';

/** `attach`, `attach/ws`, `logs`, `resize`. */
export function streamRoutes(streams: ContainerStreams): readonly Route[] {
	return [
		{ method: 'POST', pattern: '/containers/{id}/attach', handler: (exchange) => attach(streams, exchange) },
		{ method: 'GET', pattern: '/containers/{id}/attach/ws', handler: (exchange) => attachSocket(streams, exchange) },
		{ method: 'GET', pattern: '/containers/{id}/logs', handler: (exchange) => logs(streams, exchange) },
		{
			method: 'POST',
			pattern: '/containers/{id}/resize',
			async handler(exchange) {
				await streams.resize(param(exchange, 'id'), sizeOf(exchange));
				sendEmpty(exchange, 200);
			},
		},
	];
}

/** The content type of output: clients from 1.42 on are told whether it comes in frames. */
export function streamType(tty: boolean, version: string): string {
	return tty || compareVersions(version, '1.42') < 0
		? 'application/vnd.docker.raw-stream'
		: 'application/vnd.docker.multiplexed-stream';
}

/** `h` and `w`. @throws EngineError `invalid_argument`. */
export function sizeOf(exchange: Exchange): { readonly rows: number; readonly columns: number } {
	const rows = queryInteger(exchange.query, 'h');
	const columns = queryInteger(exchange.query, 'w');
	if (rows === null || columns === null || rows < 0 || columns < 0 || rows > 65_535 || columns > 65_535) {
		throw new EngineError('invalid_argument', 'invalid size: h and w must be between 0 and 65535');
	}
	return { rows, columns };
}

function attachOptions({ query }: Exchange): AttachOptions {
	return {
		stdin: queryFlag(query, 'stdin'),
		stdout: queryFlag(query, 'stdout'),
		stderr: queryFlag(query, 'stderr'),
		logs: queryFlag(query, 'logs'),
		stream: queryFlag(query, 'stream'),
		detachKeys: query.get('detachKeys') ?? '',
	};
}

async function attach(streams: ContainerStreams, exchange: Exchange): Promise<void> {
	if (exchange.responder.upgrading) {
		// An upgrade's request body is empty; reading it to its end frees the connection.
		for await (const chunk of bodyStream(exchange)) void chunk;
	}
	const attachment = await streams.attach(param(exchange, 'id'), attachOptions(exchange), exchange.caller);
	if (exchange.signal.aborted) {
		attachment.cancel();
		return;
	}
	await attachment.pipe(exchange.responder.hijack({ contentType: streamType(attachment.tty, exchange.version) }));
}

async function attachSocket(streams: ContainerStreams, exchange: Exchange): Promise<void> {
	const key = checkWebSocket(exchange);
	const asked = attachOptions(exchange);
	// The streams are chosen since 1.42; before, a WebSocket had all of them.
	const all = compareVersions(exchange.version, '1.42') < 0;
	const options = all ? { ...asked, stdin: true, stdout: true, stderr: true } : asked;
	const attachment = await streams.attach(param(exchange, 'id'), options, exchange.caller);
	if (exchange.signal.aborted) attachment.cancel();
	else await attachment.pipe(acceptWebSocket(exchange, key, !attachment.tty));
}

function logOptions({ query }: Exchange): LogOptions {
	const now = nowNano();
	const moment = (name: string) => {
		const value = parseMoment(query.get(name), name, now);
		return value === 0n ? null : value;
	};
	const tail = query.get('tail') ?? '';
	const options = {
		stdout: queryFlag(query, 'stdout'),
		stderr: queryFlag(query, 'stderr'),
		follow: queryFlag(query, 'follow'),
		since: moment('since'),
		until: moment('until'),
		// dockerd takes what is not a number, `all` among them, for all lines.
		tail: /^\d{1,15}$/.test(tail) ? Number(tail) : null,
		timestamps: queryFlag(query, 'timestamps'),
		details: queryFlag(query, 'details'),
	};
	if (!options.stdout && !options.stderr) {
		throw new EngineError('invalid_argument', 'Bad parameters: you must choose at least one stream');
	}
	return options;
}

async function logs(streams: ContainerStreams, exchange: Exchange): Promise<void> {
	const { tty, output } = await streams.logs(param(exchange, 'id'), logOptions(exchange), exchange.signal);
	exchange.responder.start(200, { 'Content-Type': streamType(tty, exchange.version) }, null);
	if (exchange.method !== 'HEAD') for await (const chunk of output) await exchange.responder.write(chunk);
	exchange.responder.end();
}
