import { spawnSync } from 'node:child_process';

/** A program with its arguments and environment. */
export interface Command {
	readonly argv: readonly string[];
	readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How a program ended. */
export interface RunResult {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

export interface RunOptions {
	readonly stdin?: string | Uint8Array | ReadableStream<Uint8Array>;
	/** Milliseconds; default 20 000. The program is killed then, and the promise rejects. */
	readonly timeout?: number;
}

/** Runs a program to its end, stdout and stderr as text. */
export async function run(command: Command, options: RunOptions = {}): Promise<RunResult> {
	const { stdin, timeout = 20_000 } = options;
	const child = Bun.spawn([...command.argv], {
		stdin: stdin === undefined ? 'ignore' : typeof stdin === 'string' ? Buffer.from(stdin) : stdin,
		stdout: 'pipe',
		stderr: 'pipe',
		...(command.env === undefined ? {} : { env: command.env }),
	});
	let late = false;
	const timer = setTimeout(() => {
		late = true;
		child.kill('SIGKILL');
	}, timeout);
	const [stdout, stderr, code] = await Promise.all([
		new Response(child.stdout).text(),
		new Response(child.stderr).text(),
		child.exited,
	]);
	clearTimeout(timer);
	if (late) throw new Error(`${command.argv.join(' ')}: not done after ${timeout} ms\n${stdout}${stderr}`);
	return { code, stdout, stderr };
}

/** The first lines that a program prints; it is ended then. Fewer when it ends before. Rejects after 20 s. */
export async function firstLines(count: number, command: Command): Promise<string[]> {
	const child = Bun.spawn([...command.argv], {
		stdout: 'pipe',
		stderr: 'ignore',
		...(command.env === undefined ? {} : { env: command.env }),
	});
	let late = false;
	const timer = setTimeout(() => {
		late = true;
		child.kill('SIGKILL');
	}, 20_000);
	let text = '';
	for await (const chunk of child.stdout) {
		text += Buffer.from(chunk).toString();
		if (text.split('\n').length > count) break;
	}
	clearTimeout(timer);
	child.kill('SIGKILL');
	await child.exited;
	if (late) throw new Error(`${command.argv.join(' ')}: no ${count} lines in 20 s, only: ${text}`);
	return text.split('\n').slice(0, -1).slice(0, count);
}

/** Runs a short program and waits for it. @throws when it cannot be started. */
export function runSync(...argv: string[]): RunResult {
	const result = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8', maxBuffer: 64 << 20 });
	if (result.error !== undefined) throw result.error;
	return { code: result.status ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/** A program on a terminal of its own: everything it prints, and a way to type. */
export interface TerminalSession {
	/** All that it printed so far. */
	output(): string;
	type(text: string): void;
	resize(columns: number, rows: number): void;
	/** Resolves when the output matches; rejects after `timeout` (default 15 s). */
	waitFor(pattern: RegExp, timeout?: number): Promise<void>;
	/** Exit code. */
	readonly exited: Promise<number>;
	kill(): void;
}

/** Starts a program on a new terminal of 100 × 30. */
export function onTerminal(command: Command): TerminalSession {
	let output = '';
	let wake = () => {};
	const child = Bun.spawn([...command.argv], {
		...(command.env === undefined ? {} : { env: { ...command.env, TERM: 'xterm' } }),
		terminal: {
			cols: 100,
			rows: 30,
			data(_terminal: unknown, data: Uint8Array) {
				output += Buffer.from(data).toString();
				wake();
			},
		},
	});
	return {
		output: () => output,
		type: (text) => {
			child.terminal?.write(text);
		},
		resize: (columns, rows) => child.terminal?.resize(columns, rows),
		exited: child.exited,
		kill: () => child.kill('SIGKILL'),
		waitFor: (pattern, timeout = 15_000) =>
			new Promise((resolve, reject) => {
				const timer = setTimeout(() => reject(new Error(`no ${pattern} in: ${JSON.stringify(output)}`)), timeout);
				wake = () => {
					if (!pattern.test(output)) return;
					clearTimeout(timer);
					wake = () => {};
					resolve();
				};
				wake();
			}),
	};
}
