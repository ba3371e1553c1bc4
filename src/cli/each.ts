import { EngineError } from '../errors.ts';
import type { Context } from './command.ts';

/**
 * Does the same for every name, at most a few at a time, and prints each name when it is done (null: nothing). Failures
 * are printed in order at the end.
 * @returns 0, or 1 when any of them failed
 */
export async function forEach(
	context: Context,
	names: readonly string[],
	act: (name: string) => Promise<string | null>,
): Promise<number> {
	const failures: EngineError[] = [];
	const most = 50;
	for (let from = 0; from < names.length; from += most) {
		const slice = names.slice(from, from + most);
		const outcomes = slice.map((name) => act(name));
		for (const outcome of await Promise.allSettled(outcomes)) {
			if (outcome.status === 'fulfilled') {
				if (outcome.value !== null) context.stdout.write(`${outcome.value}\n`);
			} else if (outcome.reason instanceof EngineError) failures.push(outcome.reason);
			else throw outcome.reason;
		}
	}
	await context.stdout.flush();
	for (const failure of failures) context.stderr.write(`${failure.message}\n`);
	return failures.length === 0 ? 0 : 1;
}
