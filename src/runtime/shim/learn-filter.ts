import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ShimJob } from '../protocol.ts';

/** Keeps the seccomp filter that the runtime compiled for this container where its bundle says, for the next ones. */
export function learnFilter({ bundle, runtime, id }: ShimJob): void {
	const note = `${bundle}/seccomp.learn`;
	const compiled = `${runtime.root}/${id}/seccomp.bpf`;
	if (!existsSync(note) || !existsSync(compiled)) return;
	const target = readFileSync(note, 'utf8');
	const filter = readFileSync(compiled);
	if (filter.length === 0) return;
	// Whole or not at all: others may be reading it, or writing the same.
	writeFileSync(`${target}.${process.pid}`, filter, { mode: 0o600 });
	renameSync(`${target}.${process.pid}`, target);
}
