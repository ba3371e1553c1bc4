import { decodeCreateConfig } from '../../../api/create-request.ts';
import { queryFlag } from '../../../api/query.ts';
import type { ContainerFiles } from '../../../engine/containers/files/service.ts';
import { EngineError } from '../../../errors.ts';
import type { ImageExecConfig } from '../../../oci/types.ts';
import { type Exchange, readJson, sendJson } from '../exchange.ts';

/** `POST /commit`. */
export async function commit(files: ContainerFiles, exchange: Exchange): Promise<void> {
	const { query, caller, signal } = exchange;
	const container = query.get('container') ?? '';
	if (container === '') throw new EngineError('invalid_argument', 'invalid name or ID supplied: ""');
	const body = await readJson(exchange);
	const options = {
		repository: query.get('repo') ?? '',
		tag: query.get('tag') ?? '',
		comment: query.get('comment') ?? '',
		author: query.get('author') ?? '',
		pause: (query.get('pause') ?? '') === '' || queryFlag(query, 'pause'),
		changes: query.getAll('changes'),
		config: body === undefined || body === null ? null : configOf(body),
	};
	await sendJson(exchange, { Id: await files.commit(container, options, caller, signal) }, 201);
}

/** What the body says in place of the container's own config. */
function configOf(body: unknown): ImageExecConfig {
	const given = decodeCreateConfig(body, '');
	const { Healthcheck: health } = given;
	return {
		User: given.User,
		ExposedPorts: given.ExposedPorts,
		Env: given.Env,
		Cmd: given.Cmd,
		...(health === null ? {} : { Healthcheck: health }),
		Volumes: given.Volumes,
		WorkingDir: given.WorkingDir,
		Entrypoint: given.Entrypoint,
		OnBuild: given.OnBuild,
		Labels: given.Labels,
		...(given.StopSignal === '' ? {} : { StopSignal: given.StopSignal }),
		...(given.ArgsEscaped ? { ArgsEscaped: true } : {}),
		Shell: given.Shell,
	};
}
