import type { Hijacked } from '../../client/client.ts';
import type { Context } from '../command.ts';
import { pump } from './pump.ts';
import { forwardSignals } from './signals.ts';
import { enterRawMode, isTerminal, type TerminalSize, terminalSize, watchTerminalSize } from './terminal.ts';

/** A container's (or a command's) streams joined to ours. */
export interface SessionOptions {
	readonly hijacked: Hijacked;
	readonly tty: boolean;
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly detachKeys: string;
}

/** Runs a session: raw terminal, both directions, terminal restored. `detached`: the user left, the container goes on. */
export async function runSession(context: Context, options: SessionOptions): Promise<'ended' | 'detached'> {
	const raw = options.tty && options.stdin && (await isTerminal(0));
	const restore = raw ? enterRawMode() : () => undefined;
	try {
		return await pump({
			stream: options.hijacked.stream,
			tty: options.tty,
			stdin: options.stdin,
			detachKeys: options.detachKeys,
			stdout: options.stdout ? context.stdout : null,
			stderr: options.stderr ? context.stderr : null,
		});
	} finally {
		restore();
	}
}

/** Sends the terminal's size now and whenever it changes. Returns how to stop. A refusal is left: the session matters more. */
export async function followTerminalSize(resize: (size: TerminalSize) => Promise<void>): Promise<() => void> {
	const size = await terminalSize();
	if (size === null) return () => undefined;
	// The process may be gone before it hears of a size.
	const send = (next: TerminalSize) => void resize(next).catch(() => undefined);
	send(size);
	return watchTerminalSize(send);
}

/** Passes signals on while `body` runs. A signal for a container that is gone is lost, as it should be. */
export async function withSignals<T>(
	proxy: boolean,
	send: (signal: string) => Promise<void>,
	body: () => Promise<T>,
): Promise<T> {
	const stop = proxy ? forwardSignals((signal) => void send(signal).catch(() => undefined)) : () => undefined;
	try {
		return await body();
	} finally {
		stop();
	}
}

/** What is wrong with asking for a terminal, or null: stdin must be one if it is attached. */
export async function terminalProblem(stdin: boolean, tty: boolean): Promise<string | null> {
	if (!stdin || !tty || (await isTerminal(0))) return null;
	return 'the input device is not a TTY';
}
