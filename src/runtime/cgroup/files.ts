import { readFile } from 'node:fs/promises';

/** A small file of the kernel's; null when it, or what it tells of, is not there. */
export async function readText(path: string): Promise<string | null> {
	try {
		return await readFile(path, 'latin1');
	} catch (error) {
		if (isAbsent(error)) return null;
		throw error;
	}
}

/** ESRCH and EINVAL: the process it tells of has ended. EOPNOTSUPP: the kernel was built without the counter. */
function isAbsent(error: unknown): boolean {
	const { code } = error as NodeJS.ErrnoException;
	return ['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP'].includes(code ?? '');
}

/** One number; `max` is Infinity. null for a file that is not there. */
export function numberOf(text: string | null): number | null {
	if (text === null) return null;
	const word = text.trim();
	if (word === 'max') return Number.POSITIVE_INFINITY;
	return /^-?\d+$/.test(word) ? Number(word) : null;
}

/** Lines of `name number`. */
export function countersOf(text: string | null): ReadonlyMap<string, number> {
	const counters = new Map<string, number>();
	for (const line of (text ?? '').split('\n')) {
		const space = line.indexOf(' ');
		if (space > 0) counters.set(line.slice(0, space), Number(line.slice(space + 1)) || 0);
	}
	return counters;
}
