import { EngineError } from '../errors.ts';

/** The newest Engine API that we speak. */
export const apiVersion = '1.51';
/** The oldest Engine API that we answer. */
export const minApiVersion = '1.24';

/** A version as numbers; null when `text` is not `MAJOR.MINOR`. */
function parts(text: string): readonly [number, number] | null {
	const match = /^(\d{1,4})\.(\d{1,4})$/.exec(text);
	return match === null ? null : [Number(match[1]), Number(match[2])];
}

/** Negative, 0 or positive as `a` is older than, equal to or newer than `b`. Both must be `MAJOR.MINOR`. */
export function compareVersions(a: string, b: string): number {
	const left = parts(a) ?? [0, 0];
	const right = parts(b) ?? [0, 0];
	return left[0] - right[0] || left[1] - right[1];
}

/** @throws EngineError `invalid_argument` when `version` is outside of what we speak, in dockerd's words. */
export function checkVersion(version: string): void {
	if (compareVersions(version, minApiVersion) < 0) {
		throw new EngineError(
			'invalid_argument',
			`client version ${version} is too old. Minimum supported API version is ${minApiVersion}, please upgrade your client to a newer version`,
		);
	}
	if (compareVersions(version, apiVersion) > 0) {
		throw new EngineError(
			'invalid_argument',
			`client version ${version} is too new. Maximum supported API version is ${apiVersion}`,
		);
	}
}
