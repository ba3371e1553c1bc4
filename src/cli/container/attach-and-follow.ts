import { containersOf, type WaitCondition } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import type { Context } from '../command.ts';
import { followTerminalSize, runSession, terminalProblem, withSignals } from '../streams/session.ts';

/** Which container to attach to, and how. */
export interface AttachOptions {
	readonly id: string;
	readonly tty: boolean;
	readonly stdin: boolean;
	readonly detachKeys: string;
	readonly sigProxy: boolean;
	readonly waitFor: WaitCondition;
	/** Starts the container once we are attached; null: it runs. */
	readonly start: (() => Promise<void>) | null;
}

/** Attaches to a container, follows it to its end, and returns its exit code; when the user detached, 0 for one that we started and 1 otherwise. @throws EngineError */
export async function attachAndFollow(context: Context, options: AttachOptions): Promise<number> {
	const { id, tty, stdin } = options;
	const containers = containersOf(await context.client());
	const problem = await terminalProblem(stdin, tty);
	if (problem !== null) throw new EngineError('invalid_argument', problem);
	const [hijacked, wait] = await Promise.all([
		containers.attach(id, { stdin, stdout: true, stderr: true, detachKeys: options.detachKeys }),
		containers.wait(id, options.waitFor),
	]);
	return withSignals(
		options.sigProxy,
		(signal) => containers.kill(id, signal),
		async () => {
			const session = runSession(context, { ...options, hijacked, stdout: true, stderr: true });
			session.catch(() => undefined);
			try {
				await options.start?.();
			} catch (error) {
				hijacked.stream.destroy();
				throw error;
			}
			const stopResizing = tty ? await followTerminalSize((size) => containers.resize(id, size)) : () => undefined;
			try {
				if ((await session) === 'detached') {
					wait.cancel();
					if (options.start !== null) return 0;
					context.stderr.write('read escape sequence\n');
					return 1;
				}
				const { StatusCode = 0, Error: failure } = await wait.result;
				if (failure?.Message) throw new EngineError('internal', failure.Message);
				return StatusCode;
			} finally {
				stopResizing();
			}
		},
	);
}
