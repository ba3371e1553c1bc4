import type { Hijacked } from '../../client/client.ts';
import { type CreateBody, containersOf, type Wait } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { atLeast, bool, type CommandDef, type Context, string } from '../command.ts';
import type { Flags } from '../flags.ts';
import { createFlags } from '../options/create-flags.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';
import { createContainer, readCreateFlags } from './create-container.ts';
import { attemptFlags, complain, exitCodeOf } from './run-errors.ts';

export const command: CommandDef = {
	usage: 'IMAGE [COMMAND] [ARG...]',
	summary: 'Create a container from an image and start it',
	arity: atLeast(1),
	flags: [
		...createFlags,
		bool('detach', 'd', 'Run in the background and print the id'),
		string('detach-keys', '', 'Keys that leave the container running (default: ctrl-p,ctrl-q)'),
		{ ...bool('sig-proxy', '', 'Pass signals on to the process'), default: 'true' },
	],
	stopsAtFirstArgument: true,
	async run(context, flags, args) {
		const detach = flags.bool('detach');
		const body = await attemptFlags(context, 'run', () => readCreateFlags(context, flags, args, detach));
		if (body === null) return 125;
		if (detach && flags.list('attach').length > 0) {
			throw new EngineError('invalid_argument', 'conflicting options: cannot specify both --attach and --detach');
		}
		if (!detach && body.AttachStdin === true && body.Tty === true) {
			const { terminalProblem } = await import('../streams/session.ts');
			const problem = await terminalProblem(true, true);
			if (problem !== null) throw new EngineError('invalid_argument', problem);
		}
		const id = await attempt(context, () => createContainer(context, flags, body));
		if (typeof id === 'number') return id;
		if (detach) return attempt(context, () => startDetached(context, id));
		// A refused attachment ends as one of `attach` does, not as a refused start.
		const joined = await join(context, flags, body, id);
		return attempt(context, () => runAttached(context, flags, body, id, joined));
	},
};

/** What `step` gives, or the exit code of its failure, which is told. */
async function attempt<T>(context: Context, step: () => Promise<T>): Promise<T | number> {
	try {
		return await step();
	} catch (error) {
		complain(context, 'run', error);
		return exitCodeOf(error);
	}
}

async function startDetached(context: Context, id: string): Promise<number> {
	try {
		await containersOf(await context.client()).start(id);
	} finally {
		// Also of one that did not start: it is there, and whoever ran it may want to remove it.
		context.stdout.write(`${id}\n`);
	}
	return 0;
}

/** Our ends of a container that is yet to start. */
interface Joined {
	/** Null: none of its streams is wanted. */
	readonly hijacked: Hijacked | null;
	readonly wait: Wait;
	readonly detachKeys: string;
}

async function join(context: Context, flags: Flags, body: CreateBody, id: string): Promise<Joined> {
	const containers = containersOf(await context.client());
	const detachKeys = await detachKeysOf(context, flags);
	const attaches = body.AttachStdin === true || body.AttachStdout === true || body.AttachStderr === true;
	const [hijacked, wait] = await Promise.all([
		attaches
			? containers.attach(id, {
					stdin: body.AttachStdin === true,
					stdout: body.AttachStdout === true,
					stderr: body.AttachStderr === true,
					detachKeys,
				})
			: null,
		containers.wait(id, flags.bool('rm') ? 'removed' : 'next-exit'),
	]);
	return { hijacked, wait, detachKeys };
}

async function runAttached(
	context: Context,
	flags: Flags,
	body: CreateBody,
	id: string,
	{ hijacked, wait, detachKeys }: Joined,
): Promise<number> {
	const containers = containersOf(await context.client());
	const { withSignals } = await import('../streams/session.ts');
	return withSignals(
		flags.bool('sig-proxy'),
		(signal) => containers.kill(id, signal),
		async () => {
			const session = hijacked === null ? null : startSession(context, detachKeys, body, hijacked);
			try {
				await containers.start(id);
			} catch (error) {
				hijacked?.stream.destroy();
				if (flags.bool('rm')) await removal(wait);
				throw error;
			}
			if (session === null) context.stdout.write(`${id}\n`);
			return followToEnd(context, body, id, session, wait);
		},
	);
}

/** Milliseconds to wait for the removal of a container that did not start. */
const removalPatience = 5000;

/** Resolves when the container is gone, or after a while: the error of the start is what matters. */
async function removal(wait: Wait): Promise<void> {
	await Promise.race([wait.result.catch(() => undefined), Bun.sleep(removalPatience)]);
	wait.cancel();
}

/** The session runs while the container starts; its failure is told by whoever waits for it. */
function startSession(
	context: Context,
	detachKeys: string,
	body: CreateBody,
	hijacked: Hijacked,
): Promise<'ended' | 'detached'> {
	const session = (async () => {
		const { runSession } = await import('../streams/session.ts');
		return runSession(context, {
			hijacked,
			tty: body.Tty === true,
			stdin: body.AttachStdin === true,
			stdout: body.AttachStdout === true,
			stderr: body.AttachStderr === true,
			detachKeys,
		});
	})();
	session.catch(() => undefined);
	return session;
}

async function followToEnd(
	context: Context,
	body: CreateBody,
	id: string,
	session: Promise<'ended' | 'detached'> | null,
	wait: Wait,
): Promise<number> {
	const containers = containersOf(await context.client());
	const { followTerminalSize } = await import('../streams/session.ts');
	const stopResizing =
		body.Tty === true ? await followTerminalSize((size) => containers.resize(id, size)) : () => undefined;
	try {
		if (session !== null && (await session) === 'detached') {
			wait.cancel();
			return 0;
		}
		const { StatusCode = 0, Error: failure } = await wait.result;
		if (failure?.Message !== undefined && failure.Message !== '') {
			context.stderr.write(`Error waiting for container: ${failure.Message}\n`);
			return 125;
		}
		return StatusCode;
	} finally {
		stopResizing();
	}
}
