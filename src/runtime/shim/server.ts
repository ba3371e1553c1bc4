import { chmodSync, rmSync } from 'node:fs';
import type { UnixSocketListener } from 'bun';
import { codeOf, EngineError, messageOf } from '../../errors.ts';
import { LineReader, Link } from '../link.ts';
import type { ShimAttach, ShimJob, ShimState } from '../protocol.ts';
import type { NumberedRequest, ShimEvent, ShimReport } from '../wire.ts';
import { ContainerProcess } from './container.ts';
import { Exec } from './exec.ts';
import type { Input } from './input.ts';
import type { Children } from './invoke.ts';
import type { Output } from './output.ts';

/** Execs that are remembered after their end. */
const maxExecs = 1024;

/** Answers the daemon's requests and ends the shim when it has nothing left to do. */
export class ShimServer {
	private container: ContainerProcess | null = null;
	private listener: UnixSocketListener<Link> | null = null;
	private readonly controls = new Set<Link>();
	private readonly execs = new Map<string, Exec>();

	/** Settles with the start that was asked for. */
	private starting: Promise<unknown> = Promise.resolve();
	/** A new daemon was told that nothing runs: nothing may, from then on. */
	private retired = false;

	/** `isOrphan`: whether the daemon that made this shim has been succeeded by another. */
	constructor(
		private readonly children: Children,
		private readonly isOrphan: () => boolean,
		private readonly endProcess: () => void,
	) {}

	/** Where the container's durable files are; null before there is a job. */
	get stateDir(): string | null {
		return this.container?.job.stateDir ?? null;
	}

	/** Takes a connection over; it speaks lines until it attaches. */
	serve(link: Link): void {
		const lines = new LineReader();
		this.controls.add(link);
		link.listener = {
			data: (chunk) => {
				let rest: Uint8Array | null = chunk;
				while (rest !== null && rest.length > 0 && this.controls.has(link)) {
					const first = lines.pushFirst(rest);
					rest = first?.rest ?? null;
					if (first !== null) this.handle(link, first.message as NumberedRequest, rest ?? new Uint8Array(0));
				}
			},
			end: () => link.destroy(),
			close: () => this.released(link),
		};
	}

	private released(link: Link): void {
		this.controls.delete(link);
		const idle = this.container === null || this.container.phase.at === 'ready';
		if (idle && this.controls.size === 0) this.quit();
	}

	private handle(link: Link, request: NumberedRequest, rest: Uint8Array): void {
		if (request.op === 'attach') {
			this.attach(link, request.n, request.attach, rest);
			return;
		}
		void this.answer(request).then(
			(ok) => link.writeLine({ n: request.n, ok: ok ?? null }),
			async (error) => {
				link.writeLine({ n: request.n, error: { code: codeOf(error), message: messageOf(error) } });
				if (request.op === 'start') await this.finish(); // A container that did not start needs no shim.
			},
		);
	}

	private async answer(request: Exclude<NumberedRequest, { op: 'attach' }>): Promise<unknown> {
		switch (request.op) {
			case 'job':
				return this.takeJob(request.job);
			case 'start':
				return this.startOnce();
			case 'state':
				await this.starting;
				return this.report();
			case 'signal':
				return this.current().signal(request.signal, request.all);
			case 'exec-kill':
				return this.findExec(request.execId).kill();
			case 'resize':
				return this.target(request.execId).resize(request.rows, request.columns);
			case 'exec':
				this.addExec(new Exec(request.job, this.current().job, this.children));
				return null;
			case 'exec-start':
				return this.startExec(request.execId);
		}
	}

	private takeJob(job: ShimJob): null {
		if (this.container !== null) throw new EngineError('conflict', 'this shim has a job already');
		rmSync(job.socket, { force: true });
		const container = new ContainerProcess(job, this.children);
		this.listener = Bun.listen<Link>({
			unix: job.socket,
			allowHalfOpen: true,
			socket: { ...Link.handlers, open: (socket) => this.serve(Link.adopt(socket)) },
		});
		chmodSync(job.socket, 0o600);
		this.container = container;
		// A new daemon makes itself known before it looks for shims: either it finds this one by the socket, or we know it.
		if (this.isOrphan()) throw new EngineError('cancelled', 'another daemon has taken over');
		return null;
	}

	private startOnce(): Promise<{ pid: number; startedAt: string }> {
		if (this.retired) throw new EngineError('cancelled', 'another daemon has taken over');
		const started = this.start();
		this.starting = Promise.allSettled([started]);
		return started;
	}

	private async start(): Promise<{ pid: number; startedAt: string }> {
		const container = this.current();
		const { pid, startedAt, exited } = await container.start();
		// After the answer: who waits for the start does not wait for this.
		setImmediate(() => container.watchMemory(() => this.announce({ event: 'oom' })));
		void exited.then(async (exit) => {
			this.announce({ event: 'exited', exit });
			// Told first: who waits for the exit does not wait for the kernel to take cgroups apart.
			await this.current().clean();
			this.stopListening();
			this.announce({ event: 'released' });
			await this.finish();
		});
		return { pid, startedAt };
	}

	private async startExec(execId: string): Promise<{ pid: number }> {
		const { pid, exited } = await this.findExec(execId).start();
		void exited.then((code) => this.announce({ event: 'exec-exited', execId, code }));
		return { pid };
	}

	private attach(link: Link, n: number, attach: ShimAttach, rest: Uint8Array): void {
		let target: ContainerProcess | Exec;
		try {
			target = this.target(attach.execId ?? null);
		} catch (error) {
			link.writeLine({ n, error: { code: codeOf(error), message: messageOf(error) } });
			link.end();
			return;
		}
		this.controls.delete(link);
		link.writeLine({ n, ok: null });
		this.wire(link, attach, target.input, target.output, this.closesStdin(target));
		if (rest.length > 0) link.listener?.data(rest);
	}

	private wire(link: Link, attach: ShimAttach, input: Input, output: Output, closesStdin: boolean): void {
		let open = attach.stdin;
		const endInput = (): void => {
			if (open && closesStdin) input.end();
			open = false;
		};
		link.listener = {
			data: (chunk) => {
				if (open) input.write(chunk, link);
			},
			end: () => {
				endInput();
				if (!attach.stdout && !attach.stderr) link.end();
			},
			close: () => {
				endInput();
				output.unsubscribe(link);
			},
		};
		output.subscribe({ link, stdout: attach.stdout, stderr: attach.stderr });
	}

	/** Whether the end of a client's input is the end of the process's. A terminal's never is. */
	private closesStdin(target: ContainerProcess | Exec): boolean {
		if (target.job.tty) return false;
		return target instanceof Exec || target.job.stdinOnce;
	}

	private report(): ShimReport {
		const { phase, job } = this.current();
		this.retired = phase.at === 'ready';
		const running = phase.at === 'running' ? phase : phase.at === 'exited' ? phase.exit : null;
		return {
			state: {
				id: job.id,
				at: phase.at === 'starting' ? 'ready' : phase.at,
				pid: running?.pid ?? 0,
				startedAt: running?.startedAt ?? '',
				oomKilled: this.current().oomKilled,
				exit: phase.at === 'exited' ? phase.exit : null,
				execs: [...this.execs.values()].flatMap(describeExec),
			},
			shimPid: process.pid,
			stateDir: job.stateDir,
			cgroupPath: job.cgroupPath,
			runtimeName: job.runtime.name,
		};
	}

	private addExec(exec: Exec): void {
		if (this.execs.has(exec.job.id)) throw new EngineError('conflict', 'an exec with that id exists');
		for (const [id, { phase }] of this.execs) {
			if (this.execs.size < maxExecs) break;
			if (phase.at === 'exited') this.execs.delete(id);
		}
		this.execs.set(exec.job.id, exec);
	}

	private target(execId: string | null): ContainerProcess | Exec {
		return execId === null ? this.current() : this.findExec(execId);
	}

	private findExec(execId: string): Exec {
		const exec = this.execs.get(execId);
		if (exec === undefined) throw new EngineError('not_found', `no such exec: ${execId}`);
		return exec;
	}

	private current(): ContainerProcess {
		if (this.container === null) throw new EngineError('conflict', 'this shim has no job yet');
		return this.container;
	}

	private announce(event: ShimEvent): void {
		for (const link of this.controls) link.writeLine(event);
	}

	/** Everything is said: waits for the clients to have it, then ends. */
	private async finish(): Promise<void> {
		await this.current().output.delivered();
		for (const { output } of this.execs.values()) await output.delivered();
		for (const link of this.controls) link.end();
		for (const link of this.controls) await link.drained();
		this.quit();
	}

	private stopListening(): void {
		if (this.listener === null) return;
		this.listener.stop(false);
		this.listener = null;
		// Once only: later the path may be the next shim's.
		if (this.container !== null) rmSync(this.container.job.socket, { force: true });
	}

	private quit(): void {
		this.stopListening();
		this.endProcess();
	}
}

function describeExec({ job: { id }, phase }: Exec): ShimState['execs'][number][] {
	if (phase.at === 'running') return [{ id, pid: phase.pid, code: null }];
	return phase.at === 'exited' ? [{ id, pid: phase.pid, code: phase.code }] : [];
}
