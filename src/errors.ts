/**
 * The closed list of what can go wrong. Only `server/` maps a code to an HTTP status
 * and only `cli/` maps it to an exit code.
 */
export const errorCodes = [
	/** The request itself is wrong: a bad name, a value out of range, an unknown option. */
	'invalid_argument',
	/** Nothing by that name. */
	'not_found',
	/** It clashes with what is there: a name in use, a container that is running. */
	'conflict',
	/** Already in the state asked for; a success with nothing done. */
	'not_modified',
	/** The registry (or we) want credentials. */
	'unauthorized',
	/** The caller is known and may not. */
	'forbidden',
	/** This engine or this host cannot do that. */
	'unsupported',
	/** Another party (registry, runtime, shim) did not answer as it should. */
	'unavailable',
	/** A deadline passed. */
	'timeout',
	/** The caller went away or the daemon is stopping. */
	'cancelled',
	/** Content does not match its digest or its format. */
	'corrupt',
	/** No space, memory, descriptors or addresses left. */
	'exhausted',
	/** Our own mistake, or a kernel answer that nobody expected. */
	'internal',
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

/** The only error class of the engine: a code for programs, one sentence for people. */
export class EngineError extends Error {
	override readonly name = 'EngineError';

	constructor(
		readonly code: ErrorCode,
		message: string,
		options?: { readonly cause?: unknown },
	) {
		super(message, options);
	}
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
	if (error instanceof AggregateError && error.errors.length > 0) {
		return [error.message, ...error.errors.map(messageOf)].filter((text) => text !== '').join('; ');
	}
	return error instanceof Error ? error.message : String(error);
}

/** The code of whatever was thrown: its own, `cancelled` for an abort, else `internal`. */
export function codeOf(error: unknown): ErrorCode {
	if (error instanceof EngineError) return error.code;
	if (error instanceof Error && error.name === 'AbortError') return 'cancelled';
	if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
	return 'internal';
}

/**
 * Adds, once, what was being done and to what: `wrap(e, 'unpack layer', digest)`.
 * Keeps the code and the cause.
 */
export function wrap(error: unknown, doing: string, subject?: string): EngineError {
	const prefix = subject === undefined ? doing : `${doing} ${subject}`;
	return new EngineError(codeOf(error), `${prefix}: ${messageOf(error)}`, { cause: error });
}
