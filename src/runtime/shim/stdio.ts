import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { acceptConnection, listenUnix, receiveFd, waitReadable } from '../../kernel/fd-passing.ts';
import { duplicateFd, growPipe, makePipe, setNonBlocking } from '../../kernel/pipe.ts';
import { setWindowSize } from '../../kernel/pty.ts';
import type { Input } from './input.ts';
import type { Output } from './output.ts';

/** Pipe buffer for output, in bytes: fewer, larger reads. */
const pipeSize = 256 * 1024;
/** Milliseconds that the wait for a terminal holds this thread at a time. */
const terminalSlice = 4;

/** What a process's stdio is to be. */
export interface StdioRequest {
	readonly tty: boolean;
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	/** Where to listen for the terminal's master; see {@link consoleSocketOf}. */
	readonly consoleSocket: string;
	readonly consoleSize: readonly [number, number] | null;
}

/** The console socket of a container, or of one of its execs: beside the shim's own and no longer, for the limit on such paths. */
export function consoleSocketOf(shimSocket: string, id: string): string {
	return join(dirname(shimSocket), `${id.slice(0, 16)}.tty`);
}

/** The stdio of one process on both sides: descriptors for the runtime, and ours for {@link Input} and {@link Output}. */
export class Stdio {
	/** For the runtime to pass on. */
	readonly child: readonly [number, number, number];
	/** Further arguments for the runtime. */
	readonly args: readonly string[];
	private readonly listener: number;
	/** The runtime's connection to the listener. */
	private connection = -1;
	private readonly stdinPipe: number;
	private readonly outputs: { readonly fd: number; readonly stream: 'stdout' | 'stderr' }[] = [];
	private readonly toClose: number[] = [];
	private master = -1;
	private watching = false;

	constructor(private readonly request: StdioRequest) {
		const none = this.keep(openSync('/dev/null', constants.O_RDWR));
		// Of a shim that was killed during a start.
		if (request.tty) rmSync(request.consoleSocket, { force: true });
		this.listener = request.tty ? listenUnix(request.consoleSocket) : -1;
		this.args = request.tty ? ['--console-socket', request.consoleSocket] : [];
		this.watching = request.tty && request.consoleSize !== null;
		this.watchTerminal();
		const piped = !request.tty;
		const input = piped && request.stdin ? makePipe() : null;
		this.stdinPipe = input?.write ?? -1;
		this.child = [
			input === null ? none : this.keep(input.read),
			piped && request.stdout ? this.outputPipe('stdout') : none,
			piped && request.stderr ? this.outputPipe('stderr') : none,
		];
	}

	/** The process runs: our ends go to work. @throws SyscallError when the runtime sent no terminal. */
	connect(input: Input, output: Output): void {
		this.closeChildEnds();
		if (this.request.tty) {
			this.takeTerminal();
			if (this.master < 0) throw new EngineError('unavailable', 'the runtime sent no terminal');
			this.closeListener();
			input.attach(duplicateFd(this.master));
			// After the writer of the input was made: it clears O_NONBLOCK of a terminal, which the reader needs.
			setNonBlocking(this.master);
			output.pump(this.master, 'stdout');
			return;
		}
		if (this.stdinPipe >= 0) {
			setNonBlocking(this.stdinPipe);
			input.attach(this.stdinPipe);
		} else {
			input.close();
		}
		for (const { fd, stream } of this.outputs) output.pump(fd, stream);
	}

	/**
	 * The runtime is at work: sizes the terminal as soon as it is there, if possible before the program asks for its size. There is no
	 * event for that, Bun's sockets receive no descriptors; and the program is only a moment behind. So once the runtime
	 * has connected, this waits in the kernel, in slices between which all else goes on.
	 */
	private watchTerminal(): void {
		if (!this.watching) return;
		try {
			if (this.connection >= 0) waitReadable(this.connection, terminalSlice);
			this.takeTerminal();
		} catch {
			// The runtime failed before it sent one: it says why itself, and `connect` meets this again.
			this.watching = false;
		}
		if (this.connection >= 0) setImmediate(() => this.watchTerminal());
		else setTimeout(() => this.watchTerminal(), 1);
	}

	private takeTerminal(): void {
		if (this.connection < 0) this.connection = acceptConnection(this.listener) ?? -1;
		if (this.connection < 0) return;
		if (this.master < 0) this.master = receiveFd(this.connection) ?? -1;
		if (this.master < 0) return;
		this.watching = false;
		const size = this.request.consoleSize;
		if (size !== null && size[0] > 0 && size[1] > 0) setWindowSize(this.master, size[0], size[1]);
	}

	/** The process did not start: closes everything. */
	abandon(): void {
		this.closeChildEnds();
		if (this.master >= 0) closeSync(this.master);
		for (const { fd } of this.outputs) closeSync(fd);
		if (this.stdinPipe >= 0) closeSync(this.stdinPipe);
		if (this.listener >= 0) this.closeListener();
	}

	/** Nothing happens without a terminal, or after its end. */
	resize(rows: number, columns: number): void {
		if (this.master >= 0) setWindowSize(this.master, rows, columns);
	}

	/** The process has ended: its terminal must not be resized any more. */
	ended(): void {
		this.master = -1;
	}

	private outputPipe(stream: 'stdout' | 'stderr'): number {
		const pipe = makePipe();
		setNonBlocking(pipe.read);
		growPipe(pipe.read, pipeSize);
		this.outputs.push({ fd: pipe.read, stream });
		return this.keep(pipe.write);
	}

	private keep(fd: number): number {
		this.toClose.push(fd);
		return fd;
	}

	private closeListener(): void {
		this.watching = false;
		closeSync(this.listener);
		if (this.connection >= 0) closeSync(this.connection);
		rmSync(this.request.consoleSocket, { force: true });
	}

	private closeChildEnds(): void {
		for (const fd of this.toClose.splice(0)) closeSync(fd);
	}
}
