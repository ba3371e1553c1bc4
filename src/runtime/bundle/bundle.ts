import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serializeSpec } from '../spec/serialize.ts';
import type { OciSpec } from '../spec/types.ts';

/** Writes a container's bundle; returns its directory. What an earlier run left there is replaced. */
export function writeBundle(bundlesDir: string, id: string, spec: OciSpec): string {
	const directory = join(bundlesDir, id);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	writeFileSync(join(directory, 'config.json'), serializeSpec(spec), { mode: 0o600 });
	return directory;
}

/** Removes a bundle; nothing there is fine. */
export function removeBundle(bundlesDir: string, id: string): void {
	rmSync(join(bundlesDir, id), { recursive: true, force: true });
}
