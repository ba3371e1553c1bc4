/** Standard output or error: text and bytes, in order, completely, with back-pressure. */
export interface Output {
	/** Takes text or bytes; {@link flush} sends what was taken. */
	write(data: string | Uint8Array): void;
	/** Resolves when all that was written is with the kernel. */
	flush(): Promise<void>;
	/** True when it is a terminal. */
	isTerminal(): Promise<boolean>;
	/** Columns of the terminal; undefined when it is not one. */
	columns(): Promise<number | undefined>;
}

/** What Docker's CLI, like most programs, dies of when nobody reads its output: 128 + SIGPIPE. */
const brokenPipeExit = 141;

/** An output on file descriptor 1 or 2. A closed pipe ends the process, as SIGPIPE would. */
export function openOutput(fd: 1 | 2): Output {
	let writer: Bun.FileSink | null = null;
	const sink = () => {
		writer ??= Bun.file(fd).writer();
		return writer;
	};
	const guard = (error: unknown): never => {
		const code = error instanceof Error && 'code' in error ? error.code : '';
		if (code === 'EPIPE') process.exit(brokenPipeExit);
		throw error;
	};
	return {
		write(data) {
			if (data.length === 0) return;
			try {
				const taken = sink().write(data);
				// A promise stands for bytes on their way: flush() reports what happens to them.
				if (taken instanceof Promise) taken.catch(() => undefined);
			} catch (error) {
				guard(error);
			}
		},
		async flush() {
			if (writer === null) return;
			try {
				await writer.flush();
			} catch (error) {
				guard(error);
			}
		},
		async isTerminal() {
			return (await import('node:tty')).isatty(fd);
		},
		async columns() {
			if (!(await this.isTerminal())) return undefined;
			const { WriteStream } = await import('node:tty');
			return new WriteStream(fd).columns;
		},
	};
}
