import type { LogTarget } from '../../protocol.ts';
import type { OutputStream } from '../output.ts';
import { JsonFileWriter } from './json-file.ts';

/** Keeps a process's output. Synchronous: when `write` returns, the kernel has every complete line. */
export interface LogWriter {
	write(stream: OutputStream, chunk: Uint8Array): void;
	/** Writes unfinished lines and closes the file. */
	end(): void;
	/** Resolves once nothing is left to do in the background. */
	settled(): Promise<void>;
}

/** The writer for a target. @throws what opening the file throws. */
export function openLog(target: LogTarget): LogWriter {
	return target.driver === 'none' ? discard : new JsonFileWriter(target);
}

/** Keeps nothing (`--log-driver none`, execs). */
export const discard: LogWriter = { write() {}, end() {}, settled: () => Promise.resolve() };
