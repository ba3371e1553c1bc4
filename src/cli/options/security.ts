import { EngineError, messageOf } from '../../errors.ts';

/** What `--security-opt` asks for. `systemPaths`: leave /proc and /sys unmasked. */
export interface SecurityRequest {
	readonly options: readonly string[];
	readonly systemPaths: boolean;
}

/** Reads `--security-opt` values; a seccomp profile named by its file is read here. @throws EngineError `invalid_argument` */
export async function parseSecurity(values: readonly string[]): Promise<SecurityRequest> {
	const options: string[] = [];
	let systemPaths = false;
	for (const value of values) {
		if (value === 'systempaths=unconfined') {
			systemPaths = true;
			continue;
		}
		const split = /^([^=:]+)[=:](.*)$/s.exec(value);
		if (split === null && value !== 'no-new-privileges') {
			throw new EngineError('invalid_argument', `invalid --security-opt: ${JSON.stringify(value)}`);
		}
		const said = split?.[2] ?? '';
		const isFile = split?.[1] === 'seccomp' && said !== 'unconfined' && said !== 'builtin';
		options.push(isFile ? `seccomp=${await readProfile(said)}` : value);
	}
	return { options, systemPaths };
}

async function readProfile(path: string): Promise<string> {
	const file = Bun.file(path);
	if (!(await file.exists())) {
		throw new EngineError(
			'invalid_argument',
			`opening seccomp profile (${path}) failed: open ${path}: no such file or directory`,
		);
	}
	try {
		return JSON.stringify(JSON.parse(await file.text()));
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw new EngineError(
			'invalid_argument',
			`compacting json for seccomp profile (${path}) failed: ${messageOf(error)}`,
			{ cause: error },
		);
	}
}
