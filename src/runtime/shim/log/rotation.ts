import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import type { LogFiles } from '../../protocol.ts';

/** Moves a log that is full to `.1`, `.1` to `.2` … and compresses the moved ones when asked to. */
export class LogRotation {
	/** The file that is being compressed, by its number now. */
	private compressing: { index: number } | null = null;
	private compression: Promise<void> = Promise.resolve();

	constructor(private readonly target: LogFiles) {}

	/** Makes room for a new file at the log's path. */
	rotate(): void {
		const { path, maxFiles, compress } = this.target;
		if (maxFiles < 2) return;
		for (const suffix of ['', '.gz']) rmSync(`${path}.${maxFiles - 1}${suffix}`, { force: true });
		for (let index = maxFiles - 2; index > 0; index--) this.shift(index);
		renameSync(path, `${path}.1`);
		if (this.compressing !== null) this.compressing.index++;
		if (compress) this.compress();
	}

	/** Resolves once nothing is being compressed any more. */
	settled(): Promise<void> {
		return this.compression;
	}

	private shift(index: number): void {
		const { path } = this.target;
		for (const suffix of ['', '.gz']) {
			const from = `${path}.${index}${suffix}`;
			if (existsSync(from)) renameSync(from, `${path}.${index + 1}${suffix}`);
		}
	}

	private compress(): void {
		const job = { index: 1 };
		const previous = this.compression;
		if (this.compressing === null) this.compressing = job;
		else return; // Still busy with the one before: this one stays as it is.
		this.compression = previous
			.then(() => this.run(job))
			.finally(() => {
				this.compressing = null;
			});
	}

	private async run(job: { index: number }): Promise<void> {
		const { path, maxFiles } = this.target;
		const temporary = `${path}.gz.tmp`;
		const [{ pipeline }, { createGzip }] = await Promise.all([import('node:stream/promises'), import('node:zlib')]);
		// Opened before anything is awaited again would be a race with the next rotation: the number is read at once.
		const source = createReadStream(`${path}.${job.index}`);
		try {
			await pipeline(source, createGzip(), createWriteStream(temporary, { mode: 0o640 }));
		} catch {
			// A full disk, most likely: the file stays as it is, which is as good to read.
			rmSync(temporary, { force: true });
			return;
		}
		if (job.index >= maxFiles) {
			rmSync(temporary, { force: true });
			return;
		}
		renameSync(temporary, `${path}.${job.index}.gz`);
		rmSync(`${path}.${job.index}`, { force: true });
	}
}
