import type { LogTarget } from '../../protocol.ts';
import type { OutputStream } from '../output.ts';
import { JsonFileWriter } from './json-file.ts';
import { LazyLog } from './lazy.ts';

/** Keeps a process's output. A driver is one of these. */
export interface LogWriter {
	/** Makes it ready, before the process runs. @throws EngineError: the process must not start, and why. */
	open(): Promise<void>;
	/** Takes a chunk at once: files have every complete line when this returns, sinks have it queued. `chunk` is the caller's again. */
	write(stream: OutputStream, chunk: Uint8Array): void;
	/** Settles when more should be written; null: now. */
	readonly congestion: Promise<void> | null;
	/** Writes unfinished lines and closes. */
	end(): void;
	/** Resolves once nothing is left to do in the background; bounded in time, never rejects. */
	settled(): Promise<void>;
}

/** The writer for a target. Drivers other than json-file are loaded when they are opened. @throws what opening the file throws. */
export function openLog(target: LogTarget): LogWriter {
	switch (target.driver) {
		case 'none':
			return discard;
		case 'json-file':
			return new JsonFileWriter(target);
		case 'local':
			return new LazyLog(async () => new (await import('./local.ts')).LocalWriter(target));
		case 'sink':
			return new LazyLog(async () => (await import('./sink/sink-log.ts')).openSink(target));
	}
}

/** Keeps nothing (`--log-driver none`, execs). */
export const discard: LogWriter = {
	open: () => Promise.resolve(),
	write() {},
	congestion: null,
	end() {},
	settled: () => Promise.resolve(),
};
