import { EngineError } from '../errors.ts';
import type { Context } from './command.ts';

/**
 * Prints objects as `inspect` does: an array of JSON, or a template's output for each; what was not found goes to stderr.
 * `encode`: what is done to JSON before it is printed.
 * @returns 0, or 1 when any of them failed
 */
export async function inspectObjects(
	context: Context,
	names: readonly string[],
	format: string,
	find: (name: string) => Promise<unknown>,
	encode: (json: string) => string = (json) => json,
): Promise<number> {
	const found: unknown[] = [];
	const failures: string[] = [];
	for (const name of names) {
		try {
			found.push(await find(name));
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			failures.push(error.message);
		}
	}
	if (format === '') context.stdout.write(`${encode(indented(found))}\n`);
	else if (format === 'json') context.stdout.write(`${encode(JSON.stringify(found))}\n`);
	else await printFormatted(context, found, format, failures);
	await context.stdout.flush();
	for (const failure of failures) context.stderr.write(`${failure}\n`);
	return failures.length === 0 ? 0 : 1;
}

/** JSON with four spaces; `[]` and `{}` stay on one line, as Go's printer has them. */
function indented(value: unknown): string {
	return JSON.stringify(value, null, 4);
}

async function printFormatted(
	context: Context,
	found: readonly unknown[],
	format: string,
	failures: string[],
): Promise<void> {
	const { compileTemplate, parsingError, renderInspect, TemplateError } = await import('../lib/template/template.ts');
	try {
		compileTemplate(format);
	} catch (error) {
		throw error instanceof TemplateError ? parsingError(error) : error;
	}
	let printed = false;
	for (const one of found) {
		try {
			context.stdout.write(`${renderInspect(format, one)}\n`);
			printed = true;
		} catch (error) {
			if (!(error instanceof TemplateError)) throw error;
			failures.push(error.message);
		}
	}
	// There is a line break even when there is nothing to print.
	if (!printed) context.stdout.write('\n');
}
