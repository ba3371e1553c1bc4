import { EngineError, messageOf } from '../../errors.ts';
import type { Context } from '../command.ts';

/** Prints an error of `run` or `create` and where to read on. */
export function complain(context: Context, command: string, error: unknown): void {
	if (!(error instanceof EngineError)) throw error;
	context.stderr.write(`gantry: ${error.message}\n\nRun 'gantry ${command} --help' for more information\n`);
}

/** Runs what reads the flags; null after it complained. */
export async function attemptFlags<T>(context: Context, command: string, read: () => Promise<T>): Promise<T | null> {
	try {
		return await read();
	} catch (error) {
		complain(context, command, error);
		return null;
	}
}

/** The exit code of a container that did not start: 127 nothing to run, 126 not allowed to run it, 125 anything else. */
export function exitCodeOf(error: unknown): number {
	const message = messageOf(error);
	if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message))
		return 127;
	if (/permission denied|is a directory/.test(message)) return 126;
	return 125;
}
