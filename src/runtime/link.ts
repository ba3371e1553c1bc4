import type { Socket, SocketHandler } from 'bun';
import { EngineError } from '../errors.ts';
import { maxLine } from './wire.ts';

/** What a {@link Link} tells its user. */
export interface LinkListener {
	data(chunk: Uint8Array): void;
	/** The peer closed its side. */
	end(): void;
	/** The connection is gone, for whatever reason; the last call. */
	close(): void;
}

/** One stream connection, with writes queued where the kernel's buffer is full. Used by both ends of a shim's socket. */
export class Link {
	listener: LinkListener | null = null;
	private socket: Socket<Link> | null = null;
	private queue: Uint8Array[] = [];
	private ending = false;
	private gone = false;
	private waiters: (() => void)[] = [];

	/** Handlers for `Bun.listen` and `Bun.connect`; the link is the socket's `data`. */
	static readonly handlers: SocketHandler<Link> = {
		open(socket) {
			socket.data.socket = socket;
		},
		data(socket, chunk) {
			socket.data.listener?.data(chunk);
		},
		end(socket) {
			socket.data.listener?.end();
		},
		drain(socket) {
			socket.data.flush();
		},
		close(socket) {
			socket.data.closed();
		},
		error(socket) {
			socket.data.destroy();
		},
	};

	/** Connects to a unix socket. @throws what `Bun.connect` throws. */
	static async connect(path: string): Promise<Link> {
		const link = new Link();
		await Bun.connect<Link>({ unix: path, allowHalfOpen: true, socket: Link.handlers, data: link });
		return link;
	}

	/** For a socket that a listener accepted. */
	static adopt(socket: Socket<Link>): Link {
		const link = new Link();
		socket.data = link;
		link.socket = socket;
		return link;
	}

	/** The descriptor; -1 when the connection is gone. */
	get fd(): number {
		// Bun has it; its types do not.
		const socket = this.socket as { readonly fd?: number } | null;
		return this.gone ? -1 : (socket?.fd ?? -1);
	}

	get isGone(): boolean {
		return this.gone;
	}

	/** Whether bytes wait for the peer to read. */
	get isCongested(): boolean {
		return this.queue.length > 0;
	}

	/** Sends, or queues what the kernel does not take. The chunk must not be changed afterwards. */
	write(chunk: Uint8Array): void {
		if (this.gone || this.ending || this.socket === null || chunk.length === 0) return;
		if (this.queue.length > 0) {
			this.queue.push(chunk);
			return;
		}
		const sent = this.socket.write(chunk);
		if (sent < 0) this.destroy();
		else if (sent < chunk.length) this.queue.push(chunk.subarray(sent));
	}

	writeLine(message: unknown): void {
		this.write(Buffer.from(`${JSON.stringify(message)}\n`));
	}

	/** Resolves once nothing is queued, or the connection is gone. */
	drained(): Promise<void> {
		if (this.queue.length === 0 || this.gone) return Promise.resolve();
		return new Promise((resolve) => this.waiters.push(resolve));
	}

	/** Half-closes once everything queued is sent. */
	end(): void {
		if (this.ending || this.gone) return;
		this.ending = true;
		if (this.queue.length === 0) this.socket?.shutdown();
	}

	/** Stops and starts reading; what the peer sends meanwhile stays in the kernel. */
	pause(): void {
		if (!this.gone) this.socket?.pause();
	}

	resume(): void {
		if (!this.gone) this.socket?.resume();
	}

	destroy(): void {
		if (this.gone) return;
		const socket = this.socket;
		this.closed();
		socket?.terminate();
	}

	private flush(): void {
		while (this.queue.length > 0 && this.socket !== null && !this.gone) {
			const chunk = this.queue[0];
			if (chunk === undefined) break;
			const sent = this.socket.write(chunk);
			if (sent < 0) {
				this.destroy();
				return;
			}
			if (sent < chunk.length) {
				this.queue[0] = chunk.subarray(sent);
				return;
			}
			this.queue.shift();
		}
		this.wake();
		if (this.ending && !this.gone) this.socket?.shutdown();
	}

	private closed(): void {
		if (this.gone) return;
		this.gone = true;
		this.queue = [];
		this.wake();
		this.listener?.close();
	}

	private wake(): void {
		const waiters = this.waiters;
		this.waiters = [];
		for (const resolve of waiters) resolve();
	}
}

/** Cuts a byte stream into JSON lines. Bounded by {@link maxLine}. */
export class LineReader {
	private rest: Uint8Array[] = [];
	private size = 0;

	/** The parsed lines that a chunk completes. @throws `corrupt` for a line that is no JSON or too long. */
	push(chunk: Uint8Array): unknown[] {
		const messages: unknown[] = [];
		let start = 0;
		for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
			this.rest.push(chunk.subarray(start, at));
			messages.push(parse(Buffer.concat(this.rest).toString('utf8')));
			this.rest = [];
			this.size = 0;
			start = at + 1;
		}
		if (start < chunk.length) {
			this.size += chunk.length - start;
			if (this.size > maxLine) throw new EngineError('corrupt', 'a line of the shim protocol is too long');
			this.rest.push(chunk.slice(start));
		}
		return messages;
	}

	/** The first line of a chunk and the bytes after it; null while the line is not complete. For a stream that turns raw. */
	pushFirst(chunk: Uint8Array): { readonly message: unknown; readonly rest: Uint8Array } | null {
		const at = chunk.indexOf(10);
		const [message] = this.push(at < 0 ? chunk : chunk.subarray(0, at + 1));
		return at < 0 ? null : { message, rest: chunk.subarray(at + 1) };
	}
}

function parse(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch (error) {
		throw new EngineError('corrupt', 'a line of the shim protocol is no JSON', { cause: error });
	}
}
