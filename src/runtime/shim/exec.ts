import { rmSync, writeFileSync } from 'node:fs';
import { EngineError } from '../../errors.ts';
import { cgroupDirectories, cgroupProcesses } from '../../kernel/cgroup.ts';
import { sendSignal, sessionOf } from '../../kernel/process.ts';
import type { ExecJob, ShimJob } from '../protocol.ts';
import { serializeSpec } from '../spec/serialize.ts';
import { Input } from './input.ts';
import { type Children, invokeRuntime } from './invoke.ts';
import { discard } from './log/writer.ts';
import { Output } from './output.ts';
import { consoleSocketOf, Stdio } from './stdio.ts';

/** Milliseconds that a runtime may take for an exec. */
const execTimeout = 20_000;

/** Where an exec is in its life. */
export type ExecPhase =
	| { readonly at: 'ready' }
	| { readonly at: 'starting' }
	| { readonly at: 'running'; readonly pid: number }
	| { readonly at: 'exited'; readonly pid: number; readonly code: number };

/** One process that joins the container later. */
export class Exec {
	phase: ExecPhase = { at: 'ready' };
	readonly input = new Input();
	readonly output: Output;
	private stdio: Stdio | null = null;

	constructor(
		readonly job: ExecJob,
		private readonly container: ShimJob,
		private readonly children: Children,
	) {
		this.output = new Output(discard, !job.tty);
	}

	/**
	 * Starts it. `exited` resolves once its output is with the clients' connections.
	 * @throws `invalid_argument` with the runtime's message, `conflict` when started before
	 */
	async start(): Promise<{ readonly pid: number; readonly exited: Promise<number> }> {
		if (this.phase.at !== 'ready') throw new EngineError('conflict', 'the exec has been started before');
		this.phase = { at: 'starting' };
		const { bundle, runtime, id, socket } = this.container;
		const base = `${bundle}/e${this.job.id.slice(0, 24)}`;
		const files = { process: `${base}.json`, pid: `${base}.pid`, log: `${base}.log` };
		const { tty, stdin, stdout, stderr, consoleSize } = this.job;
		let stdio: Stdio | null = null;
		try {
			writeFileSync(files.process, serializeSpec(this.job.process), { mode: 0o600 });
			const consoleSocket = consoleSocketOf(socket, this.job.id);
			stdio = new Stdio({ tty, stdin, stdout, stderr, consoleSize, consoleSocket });
			const { pid, exited } = await invokeRuntime(this.children, {
				runtime,
				args: ['exec', '--detach', '--process', files.process, '--pid-file', files.pid, ...stdio.args, id],
				logFile: files.log,
				pidFile: files.pid,
				stdio: stdio.child,
				timeout: execTimeout,
			});
			stdio.connect(this.input, this.output);
			this.stdio = stdio;
			this.phase = { at: 'running', pid };
			return { pid, exited: exited.then((code) => this.ended(pid, code)) };
		} catch (error) {
			stdio?.abandon();
			this.input.close();
			this.phase = { at: 'exited', pid: 0, code: 126 };
			await this.output.finish();
			throw error;
		} finally {
			for (const file of [files.process, files.log]) rmSync(file, { force: true });
		}
	}

	resize(rows: number, columns: number): void {
		this.stdio?.resize(rows, columns);
	}

	/** SIGKILL to the process and to all that it started, as far as that stayed in its session. */
	kill(): void {
		if (this.phase.at !== 'running') return;
		const { pid } = this.phase;
		// Runtimes start an exec in a session of its own.
		const session = sessionOf(pid);
		const inContainer = cgroupDirectories(this.container.cgroupPath).flatMap(cgroupProcesses);
		const others = session === null ? [] : inContainer.filter((each) => sessionOf(each) === session);
		for (const each of new Set([pid, ...others])) sendSignal(each, 9);
	}

	private async ended(pid: number, code: number): Promise<number> {
		this.stdio?.ended();
		this.input.close();
		await this.output.finish();
		this.phase = { at: 'exited', pid, code };
		return code;
	}
}
