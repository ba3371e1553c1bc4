import { readFileSync } from 'node:fs';

/** The file's text, or null where this host has no such file. */
export function readOptional(path: string): string | null {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
		throw error;
	}
}
