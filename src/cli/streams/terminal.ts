/** Rows and columns. */
export interface TerminalSize {
	readonly rows: number;
	readonly columns: number;
}

/** True when this descriptor is a terminal. */
export async function isTerminal(fd: 0 | 1 | 2): Promise<boolean> {
	return (await import('node:tty')).isatty(fd);
}

/** The size of the terminal on stdout; null when it is none. */
export async function terminalSize(): Promise<TerminalSize | null> {
	if (!(await isTerminal(1))) return null;
	const [columns, rows] = process.stdout.getWindowSize();
	return { rows, columns };
}

/** Tells of every new size of the terminal on stdout. Returns how to stop. */
export function watchTerminalSize(tell: (size: TerminalSize) => void): () => void {
	const changed = () => tell({ rows: process.stdout.rows, columns: process.stdout.columns });
	process.stdout.on('resize', changed);
	return () => process.stdout.off('resize', changed);
}

/** Puts the terminal on stdin into raw mode. Returns how to restore it; the end of the process restores it, too. */
export function enterRawMode(): () => void {
	const { stdin } = process;
	stdin.setRawMode(true);
	// That leaves "\n" → "\r\n" on, which the container's own terminal does already.
	if (Bun.which('stty') !== null) Bun.spawnSync(['stty', '-opost'], { stdin: 'inherit' });
	const restore = () => {
		process.off('exit', restore);
		stdin.setRawMode(false);
	};
	process.on('exit', restore);
	return restore;
}
