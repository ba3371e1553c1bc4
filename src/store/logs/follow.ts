import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseNano } from '../../lib/time.ts';
import { chunksOf, closeAll, type LogFile, newestInode, openAll, recordsOf } from './files.ts';
import type { LogDecoder, LogFormat } from './format.ts';
import type { LogRecord } from './records.ts';
import { firstTime } from './seek.ts';

/** Tells of changes of one file in its directory, by inotify. */
class Changes {
	private dirty = true;
	private wake: (() => void) | null = null;
	private readonly watcher: ReturnType<typeof watch>;

	constructor(path: string) {
		const name = basename(path);
		this.watcher = watch(dirname(path), (_event, file) => {
			if (file === name || file === null) this.poke();
		});
	}

	poke(): void {
		this.dirty = true;
		this.wake?.();
	}

	/** Resolves once something has changed since the last call, at once the first time. */
	async next(): Promise<void> {
		if (!this.dirty) {
			await new Promise<void>((resolve) => {
				this.wake = resolve;
			});
		}
		this.wake = null;
		this.dirty = false;
	}

	close(): void {
		this.watcher.close();
	}
}

/** The log as it grows, over rotations. Owns the file that is being read. */
export class Follower {
	private lastTime = 0n;

	/** `file`: the newest one, null when there is none yet; it is read from `position` on, which `decoder` has reached. */
	constructor(
		private readonly path: string,
		private readonly format: LogFormat,
		private file: LogFile | null,
		private position: number,
		private decoder: LogDecoder,
	) {}

	/** Records as they come, until `ended` has resolved and all is read, or the signal. */
	async *read(ended: Promise<unknown>, signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
		const changes = new Changes(this.path);
		const poke = (): void => changes.poke();
		let finished = false;
		const finish = (): void => {
			finished = true;
			poke();
		};
		ended.then(finish, finish);
		signal.addEventListener('abort', poke);
		try {
			for (;;) {
				await changes.next();
				if (signal.aborted) return;
				const last = finished;
				const newest = await newestInode(this.path);
				yield* this.rest(signal);
				if (newest !== null && newest !== this.file?.inode) {
					yield* this.overRotations(signal);
					changes.poke();
				} else if (last) return;
			}
		} finally {
			changes.close();
			signal.removeEventListener('abort', poke);
		}
	}

	async close(): Promise<void> {
		await this.file?.handle.close();
		this.file = null;
	}

	/** What is new in the file. */
	private async *rest(signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
		if (this.file === null) return;
		for await (const chunk of chunksOf(this.file.handle, this.position, Number.MAX_SAFE_INTEGER)) {
			this.position += chunk.length;
			yield this.take(this.decoder.decode(chunk));
			if (signal.aborted) return;
		}
	}

	/** The files that came after the one that was read; the newest of them is the one to go on with. */
	private async *overRotations(signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
		const files = await openAll(this.path);
		try {
			for (const file of await this.unread(files)) {
				if (signal.aborted) return;
				await this.close();
				this.file = file;
				files.splice(files.indexOf(file), 1);
				this.position = 0;
				this.decoder = this.format.decoder(0);
				if (!file.compressed) yield* this.rest(signal);
				else yield* this.compressed(file);
			}
		} finally {
			await closeAll(files);
		}
	}

	private async *compressed(file: LogFile): AsyncIterable<readonly LogRecord[]> {
		for await (const batch of recordsOf(file, this.format)) yield this.take(batch);
	}

	private async unread(files: readonly LogFile[]): Promise<readonly LogFile[]> {
		const own = files.findIndex(({ inode }) => inode === this.file?.inode);
		if (own >= 0 || this.file === null) return files.slice(own + 1);
		// Ours was compressed or is gone meanwhile: what is later is not read.
		const later: LogFile[] = [];
		for (const [index, file] of files.entries()) {
			const first = await firstTime(file, this.format);
			if (index === files.length - 1 || (first !== null && first > this.lastTime)) later.push(file);
		}
		return later;
	}

	private take(records: readonly LogRecord[]): readonly LogRecord[] {
		const last = records.at(-1);
		if (last !== undefined) this.lastTime = parseNano(last.time) ?? this.lastTime;
		return records;
	}
}
