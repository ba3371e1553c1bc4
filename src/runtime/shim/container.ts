import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { EngineError, wrap } from '../../errors.ts';
import { killCgroup, oomKills, removeCgroup } from '../../kernel/cgroup.ts';
import { preciseNow } from '../../kernel/clock.ts';
import { sendSignal } from '../../kernel/process.ts';
import type { ExitStatus, ShimJob } from '../protocol.ts';
import { Input } from './input.ts';
import { type Children, invokeRuntime } from './invoke.ts';
import { learnFilter } from './learn-filter.ts';
import { openLog } from './log/writer.ts';
import { watchOom } from './oom-watch.ts';
import { Output } from './output.ts';
import { consoleSocketOf, Stdio } from './stdio.ts';

/** Milliseconds that a runtime may take for a start. */
const startTimeout = 25_000;

/** Where the container is in its life. */
export type ContainerPhase =
	| { readonly at: 'ready' }
	| { readonly at: 'starting' }
	| { readonly at: 'running'; readonly pid: number; readonly startedAt: string }
	| { readonly at: 'exited'; readonly exit: ExitStatus };

/** The container's own process, from its start to the durable record of its end. */
export class ContainerProcess {
	phase: ContainerPhase = { at: 'ready' };
	readonly input = new Input();
	readonly output: Output;
	/** The kernel ended a process of it for want of memory. */
	oomKilled = false;
	private stdio: Stdio | null = null;
	private unwatchMemory = (): void => {};

	constructor(
		readonly job: ShimJob,
		private readonly children: Children,
	) {
		mkdirSync(job.stateDir, { recursive: true, mode: 0o710 });
		// Of an earlier run: it must not be taken for this one's.
		rmSync(`${job.stateDir}/exit.json`, { force: true });
		this.output = new Output(openLog(job.log), !job.tty);
	}

	/**
	 * Runs the container. `exited` resolves once the exit status is durable; `clean` then takes away what is left.
	 * @throws `invalid_argument` with the runtime's message; then nothing is left either
	 */
	async start(): Promise<{ readonly pid: number; readonly startedAt: string; readonly exited: Promise<ExitStatus> }> {
		if (this.phase.at !== 'ready') throw new EngineError('conflict', 'the container has been started before');
		this.phase = { at: 'starting' };
		const { bundle, id, runtime, tty, openStdin, consoleSize } = this.job;
		const pidFile = `${bundle}/pid`;
		let stdio: Stdio | null = null;
		try {
			await this.openLog();
			const consoleSocket = consoleSocketOf(this.job.socket, id);
			stdio = new Stdio({ tty, stdin: openStdin, stdout: true, stderr: true, consoleSocket, consoleSize });
			const { pid, exited } = await invokeRuntime(this.children, {
				runtime,
				args: ['run', '--detach', '--pid-file', pidFile, '--bundle', bundle, ...stdio.args, id],
				logFile: `${bundle}/runtime.log`,
				pidFile,
				stdio: stdio.child,
				timeout: startTimeout,
			});
			const startedAt = preciseNow();
			stdio.connect(this.input, this.output);
			this.stdio = stdio;
			this.phase = { at: 'running', pid, startedAt };
			learnFilter(this.job);
			return { pid, startedAt, exited: exited.then((code) => this.ended(pid, startedAt, code)) };
		} catch (error) {
			stdio?.abandon();
			this.input.close();
			await this.output.finish();
			await this.clean();
			throw error;
		}
	}

	/** Tells from now on, also of what happened since the start, when the kernel ends a process for want of memory. */
	watchMemory(told: () => void): void {
		if (this.phase.at !== 'running') return;
		const tell = (): void => {
			this.oomKilled = true;
			told();
		};
		this.unwatchMemory = watchOom(this.job.cgroupPath, tell);
		if (oomKills(this.job.cgroupPath) > 0) tell();
	}

	/** @throws EngineError as Docker words it: what cannot be logged as it was asked for does not start. */
	private async openLog(): Promise<void> {
		try {
			await this.output.open();
		} catch (error) {
			throw wrap(error, 'failed to create task for container: failed to initialize logging driver');
		}
	}

	/** Sends a signal to the init process, or with `all` SIGKILL to every process of the cgroup. */
	signal(signal: number, all: boolean): void {
		if (this.phase.at !== 'running') return;
		if (all) killCgroup(this.job.cgroupPath);
		else sendSignal(this.phase.pid, signal);
	}

	resize(rows: number, columns: number): void {
		this.stdio?.resize(rows, columns);
	}

	private async ended(pid: number, startedAt: string, code: number): Promise<ExitStatus> {
		const finishedAt = preciseNow();
		this.unwatchMemory();
		this.stdio?.ended();
		this.input.close();
		killCgroup(this.job.cgroupPath);
		await this.output.finish();
		const oomKilled = oomKills(this.job.cgroupPath) > 0;
		const exit: ExitStatus = { code, oomKilled, finishedAt, pid, startedAt };
		writeDurably(this.job.stateDir, 'exit.json', JSON.stringify(exit));
		this.phase = { at: 'exited', exit };
		return exit;
	}

	/** Takes away what the runtime made: its state and the cgroup. */
	async clean(): Promise<void> {
		const { runtime, id, cgroupPath } = this.job;
		killCgroup(cgroupPath);
		// A process that was killed a moment ago still counts: the kernel tells nobody when it stops to.
		for (let wait = 1; removeCgroup(cgroupPath).length > 0 && wait < 1000; wait *= 2) {
			this.children.reap();
			await Bun.sleep(wait);
		}
		rmSync(`${runtime.root}/${id}`, { recursive: true, force: true });
	}
}

/** Writes a small file so that it is there in full after a power cut, or not at all. */
function writeDurably(directory: string, name: string, text: string): void {
	const temporary = `${directory}/.${name}.tmp`;
	const fd = openSync(temporary, 'w', 0o600);
	try {
		writeSync(fd, text);
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
	renameSync(temporary, `${directory}/${name}`);
	const parent = openSync(directory, 'r');
	try {
		fsyncSync(parent);
	} finally {
		closeSync(parent);
	}
}
