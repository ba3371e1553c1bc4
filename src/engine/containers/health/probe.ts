import { messageOf } from '../../../errors.ts';
import { withDeadline } from '../../../lib/deadline.ts';
import { formatDuration, timestamp } from '../../../lib/time.ts';
import type { Container, ExecProcess } from '../model.ts';
import type { ExecRun } from '../streams/exec-run.ts';
import { BoundedOutput } from './bounded-output.ts';
import type { Check, ProbeResult } from './healthcheck.ts';

/** Runs a command in a container, with its output as stdcopy frames. */
export type RunInContainer = (container: Container, process: ExecProcess) => Promise<ExecRun>;

/** Milliseconds for a probe to start: that time does not count towards its own timeout. */
const startPatience = 30_000;
/** Milliseconds for a killed probe to be gone. */
const killPatience = 10_000;

/** Runs a probe to its end, its timeout or the signal; null when the signal came first. Leaves no process. Never rejects. */
export async function probe(
	container: Container,
	check: Check,
	signal: AbortSignal,
	run: RunInContainer,
): Promise<ProbeResult | null> {
	const start = timestamp();
	try {
		const { exitCode, output } = await runProbe(container, check, signal, run);
		return signal.aborted ? null : { start, end: timestamp(), exitCode, output };
	} catch (error) {
		// It could not be run at all: that is a result too, and the reason is its output.
		return signal.aborted ? null : { start, end: timestamp(), exitCode: -1, output: messageOf(error) };
	}
}

async function runProbe(
	container: Container,
	check: Check,
	signal: AbortSignal,
	run: RunInContainer,
): Promise<{ readonly exitCode: number; readonly output: string }> {
	const starting = run(container, processOf(check));
	// One that starts when nobody waits for it any more is not wanted.
	let given = false;
	const started = await withDeadline(starting, startPatience, 'the start of the health check')
		.catch((error) => {
			given = true;
			throw error;
		})
		.finally(() => {
			if (given) starting.then((late) => late.kill()).catch(() => undefined);
		});
	const output = new BoundedOutput();
	const ended = Promise.all([started.ended, collect(started.output.readable, output)]).then(([code]) => code);
	const code = await firstOf(ended, check.timeout, signal);
	if (code !== null) return { exitCode: code, output: output.text() };
	await started.kill();
	// A frozen process ends when it is thawed: for that nobody waits.
	await withDeadline(ended, signal.aborted ? 1 : killPatience, 'the end of the health check').catch(() => undefined);
	started.output.destroy();
	const text = output.text();
	const late = `Health check exceeded timeout (${formatDuration(check.timeout * 1e6)})`;
	return { exitCode: -1, output: text === '' ? late : `${late}: ${text}` };
}

function processOf(check: Check): ExecProcess {
	return {
		cmd: check.command,
		env: [],
		user: '',
		workingDir: '',
		tty: false,
		privileged: false,
		attachStdin: false,
		attachStdout: true,
		attachStderr: true,
		detachKeys: '',
		consoleSize: null,
	};
}

async function collect(chunks: AsyncIterable<Uint8Array>, output: BoundedOutput): Promise<void> {
	for await (const chunk of chunks) output.push(chunk);
}

/** The promise's value; null when the time or the signal comes first. Leaves no timer and no listener. */
async function firstOf<T>(promise: Promise<T>, milliseconds: number, signal: AbortSignal): Promise<T | null> {
	if (signal.aborted) return null;
	let stop = (): void => undefined;
	const stopped = new Promise<null>((resolve) => {
		const timer = setTimeout(resolve, Math.min(milliseconds, 2 ** 31 - 1), null);
		const onAbort = () => resolve(null);
		signal.addEventListener('abort', onAbort, { once: true });
		stop = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', onAbort);
		};
	});
	try {
		return await Promise.race([promise, stopped]);
	} finally {
		stop();
	}
}
