import { EngineError, wrap } from '../../../errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { UnpackProgress } from '../types.ts';
import type { UnpackJob, UnpackMessage } from './protocol.ts';

/** Runs a job in a process of its own; it is killed when `signal` aborts. @throws what the job failed with. */
export async function runUnpackProcess(
	command: readonly string[],
	job: UnpackJob,
	signal: AbortSignal,
	onProgress: (progress: UnpackProgress) => void,
): Promise<{ diffId: Digest; size: number }> {
	signal.throwIfAborted();
	const child = Bun.spawn([...command], {
		stdin: Buffer.from(JSON.stringify(job)),
		stdout: 'pipe',
		stderr: 'pipe',
		signal,
		killSignal: 'SIGKILL',
	});
	const errors = tail(child.stderr);
	let result: UnpackMessage | undefined;
	for await (const message of messages(child.stdout)) {
		if (message.kind === 'progress') onProgress({ current: message.current, total: message.total });
		else result = message;
	}
	const code = await child.exited;
	if (signal.aborted) throw new EngineError('cancelled', 'unpacking was cancelled', { cause: signal.reason });
	if (result?.kind === 'done' && code === 0) return { diffId: result.diffId, size: result.size };
	if (result?.kind === 'failed') throw new EngineError(result.code, result.message);
	const how = child.signalCode === null ? `exited with ${code}` : `was killed by ${child.signalCode}`;
	throw new EngineError('internal', `the unpacking process ${how}: ${(await errors).trim()}`);
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
