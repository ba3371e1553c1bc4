import { codeOf, EngineError } from '../../../../errors.ts';
import { closeSocket, connectUnixDatagram, trySend } from '../../../../kernel/socket.ts';
import type { SinkAddress } from '../../../protocol.ts';
import { atMost, type Channel, dialError, type QueueLimits, usualRetry } from './channel.ts';
import { MessageQueue, type WireMessage } from './message-queue.ts';

/** Milliseconds that what is left may take at the end. */
const patience = 2000;

/** Messages over UDP, each in a datagram of its own. Nobody tells whether they arrive, and so nothing holds them up. */
export class UdpChannel implements Channel {
	readonly congestion = null;
	private readonly queue = new MessageQueue();
	private socket: Bun.udp.ConnectedSocket<'buffer'> | null = null;
	private sent = Promise.withResolvers<void>();

	constructor(
		private readonly address: Extract<SinkAddress, { kind: 'udp' }>,
		private readonly limits: QueueLimits,
	) {}

	async open(): Promise<void> {
		const { host, port } = this.address;
		try {
			const found = (await Bun.dns.lookup(host))[0];
			if (found === undefined) throw Object.assign(new Error(), { code: 'ENOTFOUND' });
			this.socket = await Bun.udpSocket({
				connect: { hostname: found.address, port },
				// Nobody listens there, said a message before: that is no reason not to send this one.
				socket: { drain: () => this.pump(), error: () => undefined },
			});
		} catch (error) {
			throw dialError('udp', `${host}:${port}`, error);
		}
	}

	send(message: WireMessage): void {
		this.queue.push(message);
		this.pump();
		this.queue.dropTo(this.limits.buffer, false);
	}

	async close(): Promise<void> {
		this.pump();
		if (!this.queue.isEmpty) await atMost(patience, this.sent.promise);
		this.socket?.close();
		this.socket = null;
	}

	private pump(): void {
		for (let next = this.queue.next; next !== null && this.socket !== null; next = this.queue.next) {
			try {
				if (!this.socket.send(next.bytes)) return;
			} catch {
				// Refused once, as above, or too large for a datagram: that one is lost.
			}
			this.queue.markSent();
		}
		if (this.queue.isEmpty) this.sent.resolve();
	}
}

/** Messages to a unix datagram socket, such as that of syslog or of the journal. */
export class UnixDatagramChannel implements Channel {
	private readonly queue = new MessageQueue();
	private fd = -1;
	private failures = 0;
	private timer: ReturnType<typeof setTimeout> | null = null;
	private relief: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;
	private readonly empty = Promise.withResolvers<void>();

	constructor(
		private readonly path: string,
		private readonly limits: QueueLimits,
	) {}

	async open(): Promise<void> {
		try {
			this.fd = connectUnixDatagram(this.path);
		} catch (error) {
			throw new EngineError(
				'unavailable',
				codeOf(error) === 'not_found'
					? `dial unixgram ${this.path}: connect: no such file or directory`
					: `dial unixgram ${this.path}: connect: connection refused`,
				{ cause: error },
			);
		}
	}

	send(message: WireMessage): void {
		this.queue.push(message);
		this.pump();
		if (this.limits.nonBlocking || this.fd < 0) this.queue.dropTo(this.limits.buffer, false);
	}

	get congestion(): Promise<void> | null {
		if (this.limits.nonBlocking || this.fd < 0 || this.queue.bytes <= this.limits.buffer) return null;
		this.relief ??= Promise.withResolvers<void>();
		return this.relief.promise;
	}

	async close(): Promise<void> {
		this.queue.dropTo(this.limits.buffer, false);
		this.pump();
		if (!this.queue.isEmpty) await atMost(patience, this.empty.promise);
		if (this.timer !== null) clearTimeout(this.timer);
		this.queue.clear();
		if (this.fd >= 0) closeSocket(this.fd);
		this.fd = -1;
	}

	private pump(): void {
		if (this.timer !== null) return;
		for (let next = this.queue.next; next !== null; next = this.queue.next) {
			const result = this.fd < 0 ? 'gone' : trySend(this.fd, next.bytes);
			if (result === 'full' || result === 'gone') {
				if (result === 'gone') this.lost();
				this.retry(result);
				return;
			}
			this.queue.markSent();
			this.failures = 0;
		}
		this.relieve();
		this.empty.resolve();
	}

	private lost(): void {
		if (this.fd >= 0) closeSocket(this.fd);
		this.fd = -1;
		this.relieve();
	}

	/** Nothing tells when a datagram socket takes more, or is there again: it is tried, less and less often. */
	private retry(reason: 'full' | 'gone'): void {
		const { first, factor, most } = usualRetry;
		const delay =
			reason === 'full' ? Math.min(50, 2 ** this.failures) : Math.min(most, first * factor ** this.failures);
		this.failures = Math.min(this.failures + 1, 20);
		this.timer = setTimeout(() => {
			this.timer = null;
			if (this.fd < 0) {
				try {
					this.fd = connectUnixDatagram(this.path);
				} catch {
					this.retry('gone');
					return;
				}
			}
			this.pump();
		}, delay);
	}

	private relieve(): void {
		this.relief?.resolve();
		this.relief = null;
	}
}
