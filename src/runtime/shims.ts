import { mkdirSync, rmSync } from 'node:fs';
import type { Subprocess, UnixSocketListener } from 'bun';
import { EngineError } from '../errors.ts';
import { maxUnixPath } from '../kernel/fd-passing.ts';
import { peerOf } from '../kernel/peer.ts';
import { sendSignal } from '../kernel/process.ts';
import { clearRun, type RunTraces } from './clear-run.ts';
import { Link } from './link.ts';
import type { Shim, ShimJob, ShimState, Shims } from './protocol.ts';
import { ControlChannel, connect, ShimClient, startTimeout } from './shim-client.ts';
import type { ShimReport } from './wire.ts';

/** How shims are started. */
export interface ShimsOptions {
	/** The program, and the arguments before `shim`. See {@link ownProgram}. */
	readonly executable: string;
	readonly argvPrefix: readonly string[];
	/** Directory (mode 0700) for the socket to which new shims connect. */
	readonly runDir: string;
	/** Shims kept ready. */
	readonly spares?: number;
	readonly log: (message: string) => void;
}

/** How to run this very program again: the compiled executable, or Bun with the source file. */
export function ownProgram(): { executable: string; argvPrefix: string[] } {
	const compiled = Bun.main.startsWith('/$bunfs') || Bun.main.startsWith('compiled:');
	if (compiled) return { executable: process.execPath, argvPrefix: [] };
	return { executable: process.execPath, argvPrefix: [new URL('../main.ts', import.meta.url).pathname] };
}

/** Milliseconds for a shim process to come up. */
const spawnTimeout = 15_000;
/** After a start, before a new spare is made: the container's first moments come first. */
const replenishDelay = 100;
/** Until a shim that does not say its state is taken for a stopped one. */
const statePatience = 2_000;

const SIGKILL = 9;
const SIGCONT = 18;

interface SpareShim {
	readonly channel: ControlChannel;
	readonly pid: number;
}

/** Makes shims and finds them again. See {@link Shims}. */
export function createShims(options: ShimsOptions): Shims {
	return new ShimPool(options);
}

class ShimPool implements Shims {
	private readonly socket: string;
	private listener: UnixSocketListener<Link> | null = null;
	/** Shims that are coming up, by pid. */
	private readonly expected = new Map<number, (channel: ControlChannel) => void>();
	private readonly spares: Promise<SpareShim>[] = [];
	private replenishing: Timer | null = null;
	private warmed = false;
	private isClosed = false;

	constructor(private readonly options: ShimsOptions) {
		this.socket = `${options.runDir}/shims.sock`;
		// Shims that an earlier daemon was still making learn by this that they are not wanted.
		rmSync(this.socket, { force: true });
	}

	async launch(job: ShimJob): Promise<Shim> {
		if (Buffer.byteLength(job.socket) > maxUnixPath) {
			throw new EngineError('invalid_argument', `too long for the path of a unix socket: ${job.socket}`);
		}
		const { channel, pid } = await this.take();
		try {
			await channel.call({ op: 'job', job });
		} catch (error) {
			channel.link.destroy();
			throw error;
		}
		const { id, socket, stateDir, cgroupPath, bundle } = job;
		const identity = { id, socket, stateDir, cgroupPath, bundle, runtimeName: job.runtime.name, pid };
		return new ShimClient(channel, identity, () => this.replenishLater());
	}

	async reconnect(id: string, socket: string): Promise<{ shim: Shim; state: ShimState } | null> {
		let link: Link;
		try {
			link = await connect(socket);
		} catch (error) {
			if (error instanceof EngineError && error.code === 'unavailable') return null;
			throw error;
		}
		const channel = new ControlChannel(link);
		try {
			const report = await reportOf(channel);
			const { state, stateDir, cgroupPath, runtimeName, shimPid: pid } = report;
			if (state.id !== id) throw new EngineError('corrupt', `the shim at ${socket} serves another container`);
			const shim = new ShimClient(
				channel,
				{ id, socket, stateDir, cgroupPath, runtimeName, bundle: null, pid },
				() => {},
			);
			shim.adopt(state.exit, state.execs);
			return { shim, state };
		} catch (error) {
			link.destroy();
			throw error;
		}
	}

	clear(traces: RunTraces): Promise<void> {
		return clearRun(traces);
	}

	prewarm(): void {
		this.warmed = true;
		while (!this.isClosed && this.spares.length < (this.options.spares ?? 1)) this.addSpare();
	}

	close(): void {
		this.isClosed = true;
		if (this.replenishing !== null) clearTimeout(this.replenishing);
		for (const spare of this.spares.splice(0)) {
			spare.then(
				({ channel }) => channel.link.destroy(),
				() => {},
			);
		}
		this.listener?.stop(false);
		if (this.listener !== null) rmSync(this.socket, { force: true });
		this.listener = null;
	}

	private async take(): Promise<SpareShim> {
		for (let spare = this.spares.shift(); spare !== undefined; spare = this.spares.shift()) {
			const ready = await spare.catch(() => null);
			if (ready !== null && !ready.channel.link.isGone) return ready;
		}
		return this.spawn();
	}

	private addSpare(): void {
		const spare = this.spawn();
		this.spares.push(spare);
		spare.catch((error) => {
			const index = this.spares.indexOf(spare);
			if (index >= 0) this.spares.splice(index, 1);
			this.options.log(`no spare shim: ${error instanceof Error ? error.message : String(error)}`);
		});
	}

	private replenishLater(): void {
		if (!this.warmed || this.isClosed) return;
		if (this.replenishing !== null) clearTimeout(this.replenishing);
		this.replenishing = setTimeout(() => this.prewarm(), replenishDelay);
		this.replenishing.unref();
	}

	private async spawn(): Promise<SpareShim> {
		this.listen();
		const { executable, argvPrefix } = this.options;
		const child = Bun.spawn([executable, ...argvPrefix, 'shim', '--daemon', this.socket], {
			cwd: '/',
			detached: true,
			stdio: ['ignore', 'ignore', 'ignore'],
			env: { PATH: process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
		});
		child.unref();
		return { channel: await this.arrival(child), pid: child.pid };
	}

	private arrival(child: Subprocess): Promise<ControlChannel> {
		return new Promise((resolve, reject) => {
			const fail = (error: EngineError): void => {
				clearTimeout(timer);
				if (this.expected.delete(child.pid)) reject(error);
			};
			const timer = setTimeout(() => {
				child.kill(9);
				fail(new EngineError('timeout', `a shim did not come up in ${spawnTimeout / 1000} s`));
			}, spawnTimeout);
			this.expected.set(child.pid, (channel) => {
				clearTimeout(timer);
				resolve(channel);
			});
			void child.exited.then((code) => fail(new EngineError('unavailable', `a shim ended at once with code ${code}`)));
		});
	}

	private listen(): void {
		if (this.listener !== null) return;
		if (this.isClosed) throw new EngineError('cancelled', 'the engine is stopping');
		mkdirSync(this.options.runDir, { recursive: true, mode: 0o700 });
		rmSync(this.socket, { force: true });
		this.listener = Bun.listen<Link>({
			unix: this.socket,
			allowHalfOpen: true,
			socket: { ...Link.handlers, open: (socket) => this.accept(Link.adopt(socket)) },
		});
	}

	private accept(link: Link): void {
		const channel = new ControlChannel(link);
		channel.onEvent = (event) => {
			const arrived = event.event === 'hello' ? this.expected.get(event.pid) : undefined;
			if (arrived === undefined || event.event !== 'hello') {
				link.destroy();
				return;
			}
			this.expected.delete(event.pid);
			arrived(channel);
		};
	}
}

/** What a shim says of itself. One that does not answer is woken, should it be stopped, and ended when that does not help. */
async function reportOf(channel: ControlChannel): Promise<ShimReport> {
	try {
		return (await channel.call({ op: 'state' }, statePatience)) as ShimReport;
	} catch (error) {
		if (!(error instanceof EngineError) || error.code !== 'timeout') throw error;
	}
	const { pid } = peerOf(channel.link.fd);
	// 0: it lives in a pid namespace that we do not see.
	const signal = (number: number): boolean => pid > 0 && sendSignal(pid, number);
	signal(SIGCONT);
	try {
		return (await channel.call({ op: 'state' }, startTimeout)) as ShimReport;
	} catch (error) {
		if (error instanceof EngineError && error.code === 'timeout') signal(SIGKILL);
		throw error;
	}
}
