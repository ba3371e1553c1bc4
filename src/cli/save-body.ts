import { rename, rm } from 'node:fs/promises';
import type { ApiResponse } from '../client/client.ts';
import { EngineError } from '../errors.ts';
import type { Context } from './command.ts';

/**
 * Writes a response's bytes to a file (through a temporary name, so that a failure leaves no half file) or, with '', to
 * standard output, which must not be a terminal.
 * @throws EngineError
 */
export async function saveBody(
	context: Context,
	path: string,
	command: string,
	request: () => Promise<ApiResponse>,
): Promise<void> {
	if (path === '') {
		if (await context.stdout.isTerminal()) {
			throw new EngineError(
				'invalid_argument',
				`cowardly refusing to ${command} to a terminal. Use the -o flag or redirect`,
			);
		}
		for await (const chunk of (await request()).body) {
			context.stdout.write(chunk);
			await context.stdout.flush();
		}
		return;
	}
	const body = (await request()).body;
	const temporary = `${path}.${process.pid}.tmp`;
	const writer = Bun.file(temporary).writer();
	try {
		for await (const chunk of body) {
			writer.write(chunk);
			await writer.flush();
		}
		await writer.end();
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	}
}
