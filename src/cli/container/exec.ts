import { execsOf } from '../../client/exec.ts';
import { EngineError } from '../../errors.ts';
import { atLeast, bool, type CommandDef, type Context, list, string } from '../command.ts';
import type { Flags } from '../flags.ts';
import { envFlag, readKeyValueFile, resolveEnv } from '../options/texts.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';
import { followTerminalSize, runSession, terminalProblem } from '../streams/session.ts';
import { terminalSize } from '../streams/terminal.ts';

export const command: CommandDef = {
	usage: 'CONTAINER COMMAND [ARG...]',
	summary: 'Run a command in a running container',
	arity: atLeast(2),
	flags: [
		bool('detach', 'd', 'Run in the background'),
		string('detach-keys', '', 'Keys that leave the command running (default: ctrl-p,ctrl-q)'),
		list('env', 'e', 'Set an environment variable: NAME=VALUE, or NAME to pass ours on', envFlag),
		list('env-file', '', 'Read environment variables from a file'),
		bool('interactive', 'i', 'Send standard input'),
		bool('privileged', '', 'Give all privileges of the daemon'),
		bool('tty', 't', 'Give the command a terminal'),
		string('user', 'u', 'User and group to run as: NAME|UID[:GROUP|GID]'),
		string('workdir', 'w', 'Working directory in the container'),
	],
	stopsAtFirstArgument: true,
	async run(context, flags, [container = '', ...words]) {
		const execs = execsOf(await context.client());
		const detach = flags.bool('detach');
		const tty = flags.bool('tty');
		const stdin = flags.bool('interactive') && !detach;
		if (!detach) {
			const problem = await terminalProblem(stdin, tty);
			if (problem !== null) throw new EngineError('invalid_argument', problem);
		}
		const detachKeys = await detachKeysOf(context, flags);
		const size = tty && !detach ? await terminalSize() : null;
		const console = tty ? { ConsoleSize: [size?.rows ?? 0, size?.columns ?? 0] as const } : {};
		const { Id = '' } = await execs.create(container, {
			User: flags.string('user'),
			Privileged: flags.bool('privileged'),
			Tty: tty,
			...console,
			AttachStdin: stdin,
			AttachStderr: !detach,
			AttachStdout: !detach,
			...(detach ? { Detach: true } : {}),
			DetachKeys: detachKeys,
			Env: await environmentOf(context, flags),
			WorkingDir: flags.string('workdir'),
			Cmd: words,
		});
		if (detach) {
			await execs.start(Id, { Detach: true, Tty: tty, ...console });
			return 0;
		}
		const hijacked = await execs.attach(Id, { Detach: false, Tty: tty, ...console });
		const stopResizing = tty ? await followTerminalSize((next) => execs.resize(Id, next)) : () => undefined;
		try {
			const outcome = await runSession(context, {
				hijacked,
				tty,
				stdin,
				stdout: true,
				stderr: true,
				detachKeys,
			});
			// Docker's exit code for a command that was left.
			if (outcome === 'detached') {
				context.stderr.write('read escape sequence\n');
				return 1;
			}
		} finally {
			stopResizing();
		}
		const { ExitCode } = await execs.inspect(Id);
		return ExitCode ?? 0;
	},
};

async function environmentOf(context: Context, flags: Flags): Promise<string[] | null> {
	const env: string[] = [];
	for (const path of flags.list('env-file')) env.push(...(await readKeyValueFile(path, (name) => context.env[name])));
	env.push(...resolveEnv(flags.list('env'), context.env));
	return env.length === 0 ? null : env;
}
