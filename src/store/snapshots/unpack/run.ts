import { EngineError, wrap } from '../../../errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { BlobStream, UnpackProgress } from '../types.ts';
import type { UnpackJob, UnpackMessage } from './protocol.ts';

/** What a job is without its blob. */
export type UnpackOrder = Omit<UnpackJob, 'blob'>;

/** What unpacking gave. */
export interface Unpacked {
	readonly diffId: Digest;
	/** Bytes of regular files and symbolic links. */
	readonly size: number;
}

/** How jobs are run, each in a process of its own that is killed when `signal` aborts. */
export interface UnpackRun {
	readonly command: readonly string[];
	readonly signal: AbortSignal;
	readonly onProgress: (progress: UnpackProgress) => void;
}

/** Unpacks a blob that is a file. @throws what the job failed with. */
export async function unpackFile(order: UnpackOrder, path: string, run: UnpackRun): Promise<Unpacked> {
	const process = start(run);
	process.write(lineOf({ ...order, blob: { at: 'file', path } }));
	process.end();
	return process.result();
}

/**
 * Unpacks a blob while it comes. Whatever the stream throws comes before what the job failed with: a blob that is not
 * the one wanted need not be a tar.
 */
export async function unpackStream(order: UnpackOrder, blob: BlobStream, run: UnpackRun): Promise<Unpacked> {
	let process: UnpackProcess | undefined;
	const begin = (): UnpackProcess => {
		const begun = start(run);
		begun.write(lineOf({ ...order, blob: { at: 'input', size: blob.size } }));
		return begun;
	};
	try {
		for await (const chunk of blob.open(run.signal)) {
			// Not before the first bytes are there: streams wait in line.
			process ??= begin();
			await process.write(chunk);
			if (process.failure() !== undefined && process.failure() !== 'corrupt') break;
		}
	} catch (error) {
		await process?.kill();
		throw error;
	}
	process ??= begin();
	process.end();
	return process.result();
}

function lineOf(job: UnpackJob): Uint8Array {
	return Buffer.from(`${JSON.stringify(job)}\n`);
}

interface UnpackProcess {
	/** Resolves when there is room for more; what a process that has ended would read is dropped. */
	write(bytes: Uint8Array): Promise<void>;
	end(): void;
	/** The code that the job failed with, as far as known. */
	failure(): EngineError['code'] | undefined;
	kill(): Promise<void>;
	result(): Promise<Unpacked>;
}

function start({ command, signal, onProgress }: UnpackRun): UnpackProcess {
	signal.throwIfAborted();
	const child = Bun.spawn([...command], {
		stdin: 'pipe',
		stdout: 'pipe',
		stderr: 'pipe',
		signal,
		killSignal: 'SIGKILL',
	});
	const errors = tail(child.stderr);
	let last: UnpackMessage | undefined;
	let open = true;
	const listening = (async () => {
		for await (const message of messages(child.stdout)) {
			if (message.kind === 'progress') onProgress({ current: message.current, total: message.total });
			else last = message;
		}
		open = false;
	})();
	// Read by `result`, unless the process is killed before.
	listening.catch(() => {});
	const ended = async (): Promise<Unpacked> => {
		await listening;
		const code = await child.exited;
		if (signal.aborted) throw new EngineError('cancelled', 'unpacking was cancelled', { cause: signal.reason });
		if (last?.kind === 'done' && code === 0) return { diffId: last.diffId, size: last.size };
		if (last?.kind === 'failed') throw new EngineError(last.code, last.message);
		const how = child.signalCode === null ? `exited with ${code}` : `was killed by ${child.signalCode}`;
		throw new EngineError('internal', `the unpacking process ${how}: ${(await errors).trim()}`);
	};
	return {
		async write(bytes) {
			if (!open) return;
			try {
				const written = Promise.all([child.stdin.write(bytes), child.stdin.flush()]);
				// When the process ends first, nobody waits for how its pipe broke.
				written.catch(() => {});
				await Promise.race([written, child.exited]);
			} catch (error) {
				// It reads no more; its last words say why.
				if (!isBrokenPipe(error)) throw error;
				open = false;
			}
		},
		end() {
			const ending = child.stdin.end();
			if (ending instanceof Promise) ending.catch(() => {});
		},
		failure() {
			if (last?.kind === 'failed') return last.code;
			return open ? undefined : 'internal';
		},
		async kill() {
			child.kill('SIGKILL');
			await child.exited;
		},
		result: ended,
	};
}

function isBrokenPipe(error: unknown): boolean {
	return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}

async function* messages(stream: ReadableStream<Uint8Array>): AsyncIterable<UnpackMessage> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const chunk of stream) {
		const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) yield parse(line);
	}
}

function parse(line: string): UnpackMessage {
	try {
		return JSON.parse(line) as UnpackMessage;
	} catch (error) {
		throw wrap(error, 'read the answer of the unpacking process');
	}
}

/** The last 4 KiB of a stream. */
async function tail(stream: ReadableStream<Uint8Array>): Promise<string> {
	let kept = Buffer.alloc(0);
	for await (const chunk of stream) kept = Buffer.concat([kept, chunk]).subarray(-4096);
	return kept.toString('utf8');
}
