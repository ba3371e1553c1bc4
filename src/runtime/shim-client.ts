import { readFileSync } from 'node:fs';
import { EngineError, type ErrorCode } from '../errors.ts';
import { killCgroup } from '../kernel/cgroup.ts';
import { sendSignal } from '../kernel/process.ts';
import type { ByteDuplex } from '../lib/byte-duplex.ts';
import { LineReader, Link } from './link.ts';
import { LinkDuplex } from './link-duplex.ts';
import type { ExecJob, ExitStatus, Shim, ShimAttach, ShimExec } from './protocol.ts';
import { execError, startError } from './runtime-error.ts';
import type { ShimAnswer, ShimEvent, ShimRequest } from './wire.ts';

const callTimeout = 10_000;
/** A start may wait for a slow disk or a busy host; the shim's own limit is a little shorter. */
export const startTimeout = 30_000;
/** How long a kill waits for the shim before it goes past it. */
const killPatience = 2_000;

/** What a client must know of a shim besides its connection. */
export interface ShimIdentity {
	readonly id: string;
	readonly socket: string;
	readonly stateDir: string;
	readonly cgroupPath: string;
	readonly runtimeName: string;
	readonly bundle: string | null;
	readonly pid: number;
}

/** A call over a control connection that is still open. */
interface PendingCall {
	resolve(value: unknown): void;
	reject(error: unknown): void;
}

/** Numbered requests and their answers over one control connection. */
export class ControlChannel {
	onEvent: (event: ShimEvent) => void = () => {};
	onClose: () => void = () => {};
	private readonly pending = new Map<number, PendingCall>();
	private last = 0;

	constructor(readonly link: Link) {
		const lines = new LineReader();
		link.listener = {
			data: (chunk) => {
				for (const message of lines.push(chunk)) this.dispatch(message as ShimAnswer | ShimEvent);
			},
			end: () => link.destroy(),
			close: () => this.closed(),
		};
	}

	/** @throws what the shim answers, `timeout`, `unavailable` */
	call(request: ShimRequest, timeout = callTimeout): Promise<unknown> {
		if (this.link.isGone) return Promise.reject(gone());
		const n = ++this.last;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.pending.delete(n);
				reject(new EngineError('timeout', `the shim did not answer ${request.op} in ${timeout / 1000} s`));
			}, timeout);
			const settle = (then: () => void): void => {
				clearTimeout(timer);
				then();
			};
			this.pending.set(n, {
				resolve: (value) => settle(() => resolve(value)),
				reject: (error) => settle(() => reject(error)),
			});
			this.link.writeLine({ n, ...request });
		});
	}

	private dispatch(message: ShimAnswer | ShimEvent): void {
		if ('event' in message) {
			this.onEvent(message);
			return;
		}
		const call = this.pending.get(message.n);
		this.pending.delete(message.n);
		if ('error' in message) call?.reject(new EngineError(message.error.code, message.error.message));
		else call?.resolve(message.ok);
	}

	private closed(): void {
		for (const call of this.pending.values()) call.reject(gone());
		this.pending.clear();
		this.onClose();
	}
}

/** The daemon's end of one shim. */
export class ShimClient implements Shim {
	readonly id: string;
	readonly exited: Promise<ExitStatus>;
	readonly released: Promise<void>;
	private oomListener: () => void = () => {};
	private release: () => void = () => {};
	private settle: { resolve(exit: ExitStatus): void; reject(error: unknown): void } | null = null;
	private readonly execEnds = new Map<string, PromiseWithResolvers<{ readonly code: number }>>();

	constructor(
		private readonly channel: ControlChannel,
		private readonly identity: ShimIdentity,
		private readonly onStarted: () => void,
	) {
		this.id = identity.id;
		this.exited = new Promise((resolve, reject) => {
			this.settle = { resolve, reject };
		});
		this.released = new Promise((resolve) => {
			this.release = resolve;
		});
		this.exited.catch(() => {}); // Whoever awaits it sees the rejection; nobody has to.
		channel.onEvent = (event) => this.told(event);
		channel.onClose = () => this.lost();
		if (channel.link.isGone) this.lost();
	}

	async start(): Promise<{ readonly pid: number; readonly startedAt: string }> {
		try {
			const answer = await this.channel.call({ op: 'start' }, startTimeout);
			return answer as { pid: number; startedAt: string };
		} catch (error) {
			if (!(error instanceof EngineError) || error.code !== 'invalid_argument') throw error;
			throw startError(this.identity.runtimeName, error.message, this.command());
		} finally {
			this.onStarted();
		}
	}

	async attach(options: ShimAttach): Promise<ByteDuplex> {
		const link = await connect(this.identity.socket);
		return openAttach(link, options);
	}

	async signal(signal: number, options?: { readonly all?: boolean }): Promise<void> {
		const all = options?.all ?? false;
		try {
			await this.channel.call({ op: 'signal', signal, all }, signal === 9 || all ? killPatience : callTimeout);
		} catch (error) {
			if (!(error instanceof EngineError) || (signal !== 9 && !all)) throw error;
			if (error.code !== 'timeout' && error.code !== 'unavailable') throw error;
			// A kill must always work: past a shim that is stopped or gone, by the cgroup. A stopped one must go on to tell the end.
			killCgroup(this.identity.cgroupPath);
			if (error.code === 'timeout') sendSignal(this.identity.pid, 18);
		}
	}

	async resize(size: { readonly rows: number; readonly columns: number }, execId?: string): Promise<void> {
		await this.channel.call({ op: 'resize', rows: size.rows, columns: size.columns, execId: execId ?? null });
	}

	async exec(job: ExecJob): Promise<ShimExec> {
		const end = this.execEnd(job.id);
		await this.channel.call({ op: 'exec', job });
		const start = async (): Promise<{ readonly pid: number }> => {
			try {
				return (await this.channel.call({ op: 'exec-start', execId: job.id }, startTimeout)) as { pid: number };
			} catch (error) {
				if (!(error instanceof EngineError) || error.code !== 'invalid_argument') throw error;
				throw execError(error.message, firstArg(job.process));
			}
		};
		const kill = async (): Promise<void> => {
			await this.channel.call({ op: 'exec-kill', execId: job.id });
		};
		return { start, exited: end, kill };
	}

	onOom(listener: () => void): void {
		this.oomListener = listener;
	}

	close(): void {
		this.channel.link.destroy();
	}

	/** For an exec that an earlier daemon started: how it ends. */
	execEnd(execId: string): Promise<{ readonly code: number }> {
		const found = this.execEnds.get(execId);
		if (found !== undefined) return found.promise;
		const end = Promise.withResolvers<{ readonly code: number }>();
		end.promise.catch(() => {});
		this.execEnds.set(execId, end);
		return end.promise;
	}

	/** Takes over what a shim reported when this daemon connected. */
	adopt(exit: ExitStatus | null, execs: readonly { readonly id: string; readonly code: number | null }[]): void {
		for (const { id, code } of execs) {
			void this.execEnd(id);
			if (code !== null) this.told({ event: 'exec-exited', execId: id, code });
		}
		if (exit !== null) this.settle?.resolve(exit);
	}

	private told(event: ShimEvent): void {
		if (event.event === 'exec-exited') {
			this.execEnds.get(event.execId)?.resolve({ code: event.code });
			this.execEnds.delete(event.execId);
		} else if (event.event === 'oom') {
			this.oomListener();
		} else if (event.event === 'exited') {
			this.settle?.resolve(event.exit);
		} else if (event.event === 'released') {
			this.release();
		}
	}

	private lost(): void {
		const error = gone();
		for (const end of this.execEnds.values()) end.reject(error);
		this.execEnds.clear();
		const exit = readExitStatus(this.identity.stateDir);
		if (exit !== null) this.settle?.resolve(exit);
		else this.settle?.reject(error);
		this.release();
	}

	private command(): string {
		if (this.identity.bundle === null) return '';
		try {
			const spec = JSON.parse(readFileSync(`${this.identity.bundle}/config.json`, 'utf8')) as { process?: unknown };
			return firstArg(spec.process);
		} catch (error) {
			if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
			throw error;
		}
	}
}

/** What a shim wrote when its container ended; null when there is none. The file is written at once or not at all. */
export function readExitStatus(stateDir: string): ExitStatus | null {
	try {
		return JSON.parse(readFileSync(`${stateDir}/exit.json`, 'utf8')) as ExitStatus;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
		throw error;
	}
}

/** Connects to a shim's socket. @throws `unavailable` when nobody listens there */
export async function connect(socket: string): Promise<Link> {
	try {
		return await Link.connect(socket);
	} catch (error) {
		throw new EngineError('unavailable', 'the shim is gone', { cause: error });
	}
}

function openAttach(link: Link, attach: ShimAttach): Promise<ByteDuplex> {
	return new Promise((resolve, reject) => {
		const fail = (error: unknown): void => {
			clearTimeout(timer);
			reject(error);
			link.listener = null;
			link.destroy();
		};
		const timer = setTimeout(() => fail(new EngineError('timeout', 'the shim did not answer attach')), callTimeout);
		const lines = new LineReader();
		link.listener = {
			data: (chunk) => {
				const first = lines.pushFirst(chunk);
				if (first === null) return;
				const answer = first.message as ShimAnswer;
				if ('error' in answer) {
					fail(new EngineError(answer.error.code as ErrorCode, answer.error.message));
					return;
				}
				clearTimeout(timer);
				resolve(new LinkDuplex(link, first.rest));
			},
			end: () => fail(gone()),
			close: () => fail(gone()),
		};
		link.writeLine({ n: 1, op: 'attach', attach });
	});
}

function firstArg(process: unknown): string {
	const args = (process as { args?: unknown } | undefined)?.args;
	return Array.isArray(args) && typeof args[0] === 'string' ? args[0] : '';
}

function gone(): EngineError {
	return new EngineError('unavailable', 'the shim is gone');
}
