import { EngineError } from '../errors.ts';

/**
 * A runtime's own words as Docker reports them, so that Docker's CLI finds its exit status (127, 126) in them.
 * `doing`: `OCI runtime create failed` or `OCI runtime exec failed`.
 */
export function describeRuntimeError(message: string, command: string): string {
	const missing = /executable file [`"]([^`"]*)[`"] not found in \$PATH/.exec(message);
	if (missing !== null) {
		const name = missing[1] ?? command;
		return name.includes('/')
			? `exec: ${quote(name)}: stat ${name}: no such file or directory`
			: `exec: ${quote(name)}: executable file not found in $PATH`;
	}
	if (/^open executable: (Permission denied|Operation not permitted)/.test(message)) {
		return `exec: ${quote(command)}: permission denied`;
	}
	const directory = /^chdir `([^`]*)`: (.*)$/.exec(message);
	if (directory !== null) {
		const reason = (directory[2] ?? '').toLowerCase();
		return `chdir to cwd (${quote(directory[1] ?? '')}) set in config.json failed: ${reason}`;
	}
	return message.replace(/^runc (run|create) failed: /, '').replace(/^exec failed: /, '');
}

/** The error of a container that did not start. */
export function startError(runtimeName: string, message: string, command: string): EngineError {
	const said = withContext(describeRuntimeError(message, command));
	const text = `OCI runtime create failed: ${runtimeName} create failed: ${said}: unknown`;
	return new EngineError(
		'invalid_argument',
		`failed to create task for container: failed to create shim task: ${text}`,
	);
}

/** The error of an exec that did not start. */
export function execError(message: string, command: string): EngineError {
	const said = withContext(describeRuntimeError(message, command));
	return new EngineError('invalid_argument', `OCI runtime exec failed: exec failed: ${said}: unknown`);
}

function withContext(said: string): string {
	const prefix = 'unable to start container process: ';
	return said.startsWith(prefix) ? said : `${prefix}${said}`;
}

function quote(text: string): string {
	return JSON.stringify(text);
}
