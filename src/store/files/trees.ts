import { EngineError } from '../../errors.ts';
import { feed, unpackedByProgram } from './decompress.ts';
import type { FilesAnswer, FilesJob, PathChange, PathStat, View } from './protocol.ts';

/** How to unpack into a directory of a container. */
export interface ExtractRequest {
	readonly view: View;
	readonly path: string;
	/** Neither replace a directory by something else nor the other way round. */
	readonly keepKind: boolean;
	/** Whom to give everything; null: as the tar says. */
	readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Work on the files of containers, each job in a process of its own that ends with `signal`, or when the stream is left.
 * A path where nothing is: `not_found`.
 */
export interface FileTrees {
	stat(view: View, path: string, signal: AbortSignal): Promise<PathStat>;
	/** The tar of a file, or of a directory with all below it. */
	archive(
		view: View,
		path: string,
		signal: AbortSignal,
	): Promise<{ readonly stat: PathStat; readonly tar: AsyncIterable<Uint8Array> }>;
	/** @throws `invalid_argument` (no tar, not a directory …), `forbidden` (takes no writes), `exhausted` (disk full). */
	extract(request: ExtractRequest, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
	/** The tar of all below a directory. */
	export(root: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
	/** The tar of an overlay's upper directory, in the form of an image's layer. */
	layer(upper: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
	/** What an overlay's upper directory changes of those below, topmost first. */
	changes(upper: string, lower: readonly string[], signal: AbortSignal): Promise<readonly PathChange[]>;
}

/** `command`: how to start this executable in the role `container-files`. */
export function createFileTrees(command: readonly string[]): FileTrees {
	const open = async (job: FilesJob, signal: AbortSignal) => {
		const process = start(command, job, signal, null);
		return { answer: await process.answer(), rest: process.rest() };
	};
	const bytes = async (job: FilesJob, signal: AbortSignal) => (await open(job, signal)).rest;
	return {
		async stat(view, path, signal) {
			const { answer, rest } = await open({ kind: 'stat', view, path }, signal);
			for await (const _ of rest);
			return statIn(answer);
		},
		async archive(view, path, signal) {
			const { answer, rest } = await open({ kind: 'archive', view, path }, signal);
			return { stat: statIn(answer), tar: rest };
		},
		async extract(request, tar, signal) {
			const job = { kind: 'extract', ...request } as const;
			const process = start(command, job, signal, unpackedByProgram(tar));
			await process.answer();
			for await (const _ of process.rest());
		},
		export: (root, signal) => bytes({ kind: 'export', root }, signal),
		layer: (upper, signal) => bytes({ kind: 'layer', upper }, signal),
		async changes(upper, lower, signal) {
			const found: PathChange[] = [];
			const decoder = new TextDecoder();
			let rest = '';
			for await (const chunk of await bytes({ kind: 'changes', upper, lower }, signal)) {
				const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
				rest = lines.pop() ?? '';
				for (const line of lines) found.push(JSON.parse(line) as PathChange);
			}
			return found;
		},
	};
}

function statIn(answer: FilesAnswer): PathStat {
	if (answer.kind === 'stat') return answer.stat;
	throw new EngineError('internal', `the process for container files answered ${answer.kind}`);
}

interface FilesProcess {
	/** @throws what the job failed with, and what its input throws. */
	answer(): Promise<FilesAnswer>;
	/** What comes after the answer; throws at the end when the job failed. Leaving it ends the process. */
	rest(): AsyncGenerator<Uint8Array>;
}

/** Starts a process for one job. `input`: what follows the job's line. */
export function start(
	command: readonly string[],
	job: FilesJob,
	signal: AbortSignal,
	input: AsyncIterable<Uint8Array> | null,
): FilesProcess {
	signal.throwIfAborted();
	const child = Bun.spawn([...command], {
		stdin: 'pipe',
		stdout: 'pipe',
		stderr: 'pipe',
		signal,
		killSignal: 'SIGKILL',
	});
	const errors = new Response(child.stderr).text();
	const reader = child.stdout.getReader();
	let inputFailure: { readonly error: unknown } | undefined;
	const feeding = feed(child, withLine(job, input)).catch((error: unknown) => {
		inputFailure = { error };
		child.kill('SIGKILL');
	});
	let early = Buffer.alloc(0);

	const failure = async (): Promise<unknown> => {
		const code = await child.exited;
		await feeding;
		if (inputFailure !== undefined) return inputFailure.error;
		if (signal.aborted)
			return new EngineError('cancelled', 'the client closed the connection', { cause: signal.reason });
		const said = (await errors).trim();
		const last = parse(said.split('\n').at(-1) ?? '');
		if (last?.kind === 'failed') return new EngineError(last.code, last.message);
		const how = child.signalCode === null ? `exited with ${code}` : `was killed by ${child.signalCode}`;
		return new EngineError('internal', `the process for container files ${how}: ${said.slice(-4096)}`);
	};
	const stop = async (): Promise<void> => {
		child.kill('SIGKILL');
		await child.exited;
		await feeding;
	};

	return {
		async answer() {
			for (;;) {
				const { done, value } = await reader.read();
				if (done) throw await failure();
				early = Buffer.concat([early, value]);
				const end = early.indexOf(0x0a);
				if (end < 0) continue;
				const answer = parse(early.toString('utf8', 0, end));
				early = early.subarray(end + 1);
				if (answer !== null && answer.kind !== 'failed') return answer;
				await stop();
				if (answer === null) throw new EngineError('internal', 'the process for container files gave no answer');
				// A stream that broke off is why its tar is not whole.
				throw inputFailure?.error ?? new EngineError(answer.code, answer.message);
			}
		},
		async *rest() {
			try {
				if (early.length > 0) yield early;
				for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
				if ((await child.exited) !== 0) throw await failure();
			} finally {
				await stop();
			}
		},
	};
}

async function* withLine(job: FilesJob, input: AsyncIterable<Uint8Array> | null): AsyncGenerator<Uint8Array> {
	yield Buffer.from(`${JSON.stringify(job)}\n`);
	if (input !== null) yield* input;
}

function parse(line: string): FilesAnswer | null {
	if (!line.startsWith('{')) return null;
	return JSON.parse(line) as FilesAnswer;
}
