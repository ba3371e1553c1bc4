import { EngineError } from '../../errors.ts';

/** The bytes of a file, or of standard input for `-`. @throws EngineError `not_found` */
export async function openSource(path: string): Promise<AsyncIterable<Uint8Array>> {
	if (path === '-') return Bun.file(0).stream();
	const file = Bun.file(path);
	if (!(await file.exists())) throw new EngineError('not_found', `open ${path}: no such file or directory`);
	return file.stream();
}
