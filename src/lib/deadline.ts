import { EngineError } from '../errors.ts';

/** Awaits `promise` for at most `milliseconds`. @throws EngineError `timeout` naming what was waited for. */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() => reject(new EngineError('timeout', `waited ${milliseconds / 1000} s for ${what} in vain`)),
			milliseconds,
		);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}
