/** How to start this program again in another role: the compiled executable, or Bun with the entry file. */
export function selfCommand(): readonly string[] {
	// Inside the compiled executable the entry lives in Bun's own file system.
	if (Bun.main.startsWith('/$bunfs/') || !Bun.main.endsWith('.ts')) return [process.execPath];
	return [process.execPath, Bun.main];
}
