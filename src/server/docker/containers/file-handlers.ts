import { queryFlag } from '../../../api/query.ts';
import type { ContainerFiles, PathStat } from '../../../engine/containers/files/service.ts';
import { bodyStream, type Exchange, param, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';
import { commit } from './commit-handler.ts';
import { goFileMode, rfc3339 } from './path-stat.ts';

const statHeader = 'X-Docker-Container-Path-Stat';
const kinds = { modified: 0, added: 1, deleted: 2 } as const;

/** The protocol of `docker cp`, and diff, export and commit. */
export function fileRoutes(files: ContainerFiles): readonly Route[] {
	const pattern = '/containers/{id}/archive';
	return [
		{ method: 'POST', pattern: '/commit', handler: (exchange) => commit(files, exchange) },
		{ method: 'HEAD', pattern, handler: (exchange) => head(files, exchange) },
		{ method: 'GET', pattern, handler: (exchange) => get(files, exchange) },
		{ method: 'PUT', pattern, handler: (exchange) => put(files, exchange) },
		{
			method: 'GET',
			pattern: '/containers/{id}/changes',
			async handler(exchange) {
				const changes = await files.changes(param(exchange, 'id'), exchange.signal);
				const body = changes.map(({ path, kind }) => ({ Path: path, Kind: kinds[kind] }));
				await sendJson(exchange, body.length === 0 ? null : body);
			},
		},
		{
			method: 'GET',
			pattern: '/containers/{id}/export',
			async handler(exchange) {
				const tar = await files.export(param(exchange, 'id'), exchange.caller, exchange.signal);
				await sendTar(exchange, tar, 'application/octet-stream', {});
			},
		},
	];
}

/** The stat as the header carries it. */
function encoded({ name, size, mode, mtime, linkTarget }: PathStat): string {
	const json = JSON.stringify({ name, size, mode: goFileMode(mode), mtime: rfc3339(BigInt(mtime)), linkTarget });
	return Buffer.from(json).toString('base64');
}

async function head(files: ContainerFiles, exchange: Exchange): Promise<void> {
	const stat = await files.stat(param(exchange, 'id'), exchange.query.get('path') ?? '', exchange.signal);
	exchange.responder.start(200, { [statHeader]: encoded(stat) }, 0);
	exchange.responder.end();
}

async function get(files: ContainerFiles, exchange: Exchange): Promise<void> {
	const { caller, signal } = exchange;
	const { stat, tar } = await files.archive(param(exchange, 'id'), exchange.query.get('path') ?? '', caller, signal);
	await sendTar(exchange, tar, 'application/x-tar', { [statHeader]: encoded(stat) });
}

async function put(files: ContainerFiles, exchange: Exchange): Promise<void> {
	const { query, caller, signal } = exchange;
	const options = { keepKind: queryFlag(query, 'noOverwriteDirNonDir'), asUser: queryFlag(query, 'copyUIDGID') };
	await files.extract(param(exchange, 'id'), query.get('path') ?? '', options, bodyStream(exchange), caller, signal);
	exchange.responder.start(200, {}, 0);
	exchange.responder.end();
}

/** What goes wrong before the first byte is still answered with a status. */
async function sendTar(
	exchange: Exchange,
	tar: AsyncIterable<Uint8Array>,
	type: string,
	headers: Readonly<Record<string, string>>,
): Promise<void> {
	const { responder } = exchange;
	for await (const chunk of tar) {
		if (!responder.started) responder.start(200, { 'Content-Type': type, ...headers }, null);
		await responder.write(chunk);
	}
	if (!responder.started) responder.start(200, { 'Content-Type': type, ...headers }, null);
	responder.end();
}
