import { decodeExecCreate, decodeExecStart } from '../../../api/create-request.ts';
import type { ExecSession } from '../../../engine/containers/model.ts';
import type { Execs } from '../../../engine/containers/service.ts';
import { EngineError } from '../../../errors.ts';
import { sizeOf, streamType } from '../containers/stream-handlers.ts';
import { type Exchange, param, readJson, sendEmpty, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';

/** `exec` in all its parts. */
export function execRoutes(execs: Execs): readonly Route[] {
	return [
		{ method: 'POST', pattern: '/containers/{id}/exec', handler: (exchange) => create(execs, exchange) },
		{ method: 'POST', pattern: '/exec/{id}/start', handler: (exchange) => start(execs, exchange) },
		{
			method: 'POST',
			pattern: '/exec/{id}/resize',
			async handler(exchange) {
				await execs.resize(param(exchange, 'id'), sizeOf(exchange));
				sendEmpty(exchange, 200);
			},
		},
		{
			method: 'GET',
			pattern: '/exec/{id}/json',
			handler: (exchange) => sendJson(exchange, execResponse(execs.inspect(param(exchange, 'id')))),
		},
	];
}

/** [rows, columns]; null when not given. */
function consoleSize(size: readonly number[]): readonly [number, number] | null {
	if (size.length === 0) return null;
	if (size.length !== 2)
		throw new EngineError('invalid_argument', 'invalid value for ConsoleSize: expected [height, width]');
	return [size[0] ?? 0, size[1] ?? 0];
}

async function create(execs: Execs, exchange: Exchange): Promise<void> {
	const body = decodeExecCreate(await readJson(exchange), '');
	if (body.Cmd.length === 0) throw new EngineError('invalid_argument', 'no exec command specified');
	const id = await execs.create(
		param(exchange, 'id'),
		{
			cmd: body.Cmd,
			env: body.Env,
			user: body.User,
			workingDir: body.WorkingDir,
			tty: body.Tty,
			privileged: body.Privileged,
			attachStdin: body.AttachStdin,
			attachStdout: body.AttachStdout,
			attachStderr: body.AttachStderr,
			detachKeys: body.DetachKeys,
			consoleSize: consoleSize(body.ConsoleSize),
		},
		exchange.caller,
	);
	await sendJson(exchange, { Id: id }, 201);
}

async function start(execs: Execs, exchange: Exchange): Promise<void> {
	const body = decodeExecStart(await readJson(exchange), '');
	const options = { detach: body.Detach, tty: body.Tty, consoleSize: consoleSize(body.ConsoleSize) };
	const attachment = await execs.start(param(exchange, 'id'), options, exchange.caller);
	if (attachment === null) {
		sendEmpty(exchange, 200);
		return;
	}
	if (exchange.signal.aborted) {
		attachment.cancel();
		return;
	}
	await attachment.pipe(exchange.responder.hijack({ contentType: streamType(attachment.tty, exchange.version) }));
}

/** The answer of `GET /exec/{id}/json`. */
function execResponse(session: ExecSession): Record<string, unknown> {
	const { process, state } = session;
	const [entrypoint = '', ...args] = process.cmd;
	return {
		ID: session.id,
		Running: state.at === 'running',
		ExitCode: state.at === 'exited' ? state.code : null,
		ProcessConfig: {
			tty: process.tty,
			entrypoint,
			arguments: args,
			privileged: process.privileged,
			...(process.user === '' ? {} : { user: process.user }),
		},
		OpenStdin: process.attachStdin,
		OpenStderr: process.attachStderr,
		OpenStdout: process.attachStdout,
		CanRemove: state.at === 'exited',
		ContainerID: session.containerId,
		DetachKeys: process.detachKeys === '' ? '' : Buffer.from(process.detachKeys).toString('base64'),
		Pid: state.at === 'created' ? 0 : state.pid,
	};
}
