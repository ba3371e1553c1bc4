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
			throw new EngineError('invalid_argument', `Invalid --security-opt: ${JSON.stringify(value)}`);
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

/** Capabilities under their full names; `ALL` stands for the others, and what is added is not dropped. */
export function capabilitiesOf(
	add: readonly string[],
	drop: readonly string[],
): { CapAdd: string[] | null; CapDrop: string[] | null } {
	const added = normalized(add);
	const dropped = normalized(drop).filter((name) => !added.includes(name));
	return { CapAdd: added.length === 0 ? null : added, CapDrop: dropped.length === 0 ? null : dropped };
}

function normalized(names: readonly string[]): string[] {
	const full = names.map((name) => {
		const upper = name.trim().toUpperCase();
		return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
	});
	return full.includes('ALL') ? ['ALL'] : [...new Set(full)].sort();
}
