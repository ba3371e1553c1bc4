import { readFileSync, rmSync } from 'node:fs';
import { EngineError } from '../../errors.ts';
import { type ReapedChild, reapChild, sendSignal, spawnProcess } from '../../kernel/process.ts';
import type { RuntimeProgram } from '../protocol.ts';

/** The children of this process: the runtime while it works, container processes, and orphans that came to us. */
export class Children {
	private readonly waiting = new Map<number, (code: number) => void>();
	/** Ends that nobody has asked for yet, kept while a runtime works: it may be telling us that very pid. */
	private readonly unclaimed = new Map<number, number>();
	private invocations = 0;

	/** Starts to listen; before the first child. */
	listen(): void {
		process.on('SIGCHLD', () => this.reap());
	}

	/** Resolves with the exit code of a child, also of one that ended a moment ago. */
	exitOf(pid: number): Promise<number> {
		const code = this.unclaimed.get(pid);
		if (code !== undefined) {
			this.unclaimed.delete(pid);
			return Promise.resolve(code);
		}
		return new Promise((resolve) => this.waiting.set(pid, resolve));
	}

	/** While a runtime works, ends of children that nobody knows yet are kept. Call the result when its pids are claimed. */
	keepUnclaimed(): () => void {
		this.invocations++;
		return () => {
			if (--this.invocations === 0) this.unclaimed.clear();
		};
	}

	reap(): void {
		for (let child = reapChild(); child !== null; child = reapChild()) this.ended(child);
	}

	private ended({ pid, code }: ReapedChild): void {
		const resolve = this.waiting.get(pid);
		this.waiting.delete(pid);
		if (resolve !== undefined) resolve(code);
		else if (this.invocations > 0) this.unclaimed.set(pid, code);
	}
}

/** One call of the OCI runtime. */
export interface Invocation {
	readonly runtime: RuntimeProgram;
	readonly args: readonly string[];
	/** The runtime's own log, where its error message is. */
	readonly logFile: string;
	readonly pidFile: string;
	readonly stdio: readonly [number, number, number];
	/** Milliseconds; past it the runtime is killed. */
	readonly timeout: number;
}

/**
 * Runs the runtime until it has detached; returns the pid that it wrote and that process's end.
 * @throws `invalid_argument` with the runtime's own message, `timeout`
 */
export async function invokeRuntime(
	children: Children,
	call: Invocation,
): Promise<{ readonly pid: number; readonly exited: Promise<number> }> {
	const { runtime } = call;
	const release = children.keepUnclaimed();
	try {
		const argv = [runtime.path, ...runtime.args, '--root', runtime.root, '--log', call.logFile, '--log-format', 'json'];
		const child = spawnProcess({
			path: runtime.path,
			argv: [...argv, ...call.args],
			env: [`PATH=${process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}`],
			stdio: call.stdio,
		});
		let late = false;
		const timer = setTimeout(() => {
			late = true;
			sendSignal(child, 9);
		}, call.timeout);
		const code = await children.exitOf(child);
		clearTimeout(timer);
		if (late) throw new EngineError('timeout', `${runtime.name} did not finish in ${call.timeout / 1000} s`);
		if (code !== 0) {
			throw new EngineError('invalid_argument', lastError(call.logFile) ?? `${runtime.name} ended with code ${code}`);
		}
		const pid = Number(readFileSync(call.pidFile, 'latin1'));
		return { pid, exited: children.exitOf(pid) };
	} finally {
		release();
		rmSync(call.pidFile, { force: true });
	}
}

/** The last error in a runtime's JSON log; null when it wrote none. */
function lastError(file: string): string | null {
	let text: string;
	try {
		text = readFileSync(file, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
		throw error;
	}
	for (const line of text.trimEnd().split('\n').reverse()) {
		try {
			const entry = JSON.parse(line) as { level?: string; msg?: string };
			if (entry.level === 'error' && entry.msg !== undefined) return entry.msg;
		} catch {
			// Not every runtime writes JSON only; such a line is no message of the kind looked for.
		}
	}
	return null;
}
