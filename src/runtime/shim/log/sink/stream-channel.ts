import { atMost, type Channel, closeTimeout, type QueueLimits, type RetryPolicy } from './channel.ts';
import { type Connection, connect, type StreamAddress } from './connection.ts';
import { MessageQueue, type WireMessage } from './message-queue.ts';

/** How a stream is kept. */
export interface StreamOptions {
	readonly address: StreamAddress;
	readonly limits: QueueLimits;
	readonly retry: RetryPolicy;
	/** Start whether there is a sink or not. */
	readonly async: boolean;
	/** Milliseconds without progress after which a connection counts as dead; 0: never. */
	readonly writeTimeout: number;
	/** Finds acknowledgements in what the sink says; null: it has nothing to say. One for each connection. */
	readonly acknowledgements: (() => (chunk: Uint8Array) => readonly string[]) | null;
}

/** Bytes that may wait while the container is held up. */
const mostHeld = 8 * 1024 * 1024;

type Phase =
	| { readonly at: 'idle' }
	| { readonly at: 'connecting' }
	| { readonly at: 'up'; readonly connection: Connection }
	| { readonly at: 'waiting'; readonly timer: ReturnType<typeof setTimeout> }
	| { readonly at: 'closed' };

/**
 * A stream to a sink that is made again when it breaks. While it is up and the sink is slow, there is congestion; while it
 * is away, messages are kept up to the limit and the oldest are dropped: a sink that is down stops no container.
 */
export class StreamChannel implements Channel {
	private phase: Phase = { at: 'idle' };
	private readonly queue = new MessageQueue();
	/** Bytes of the next message that are sent. */
	private offset = 0;
	private failures = 0;
	private closing = false;
	private relief: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;
	private readonly done = Promise.withResolvers<void>();
	private watchdog: ReturnType<typeof setTimeout> | null = null;

	constructor(private readonly options: StreamOptions) {}

	async open(): Promise<void> {
		if (this.options.async) void this.reach();
		else await this.dial();
	}

	send(message: WireMessage): void {
		if (this.phase.at === 'closed') return;
		this.queue.push(message);
		if (this.phase.at === 'up') this.pump();
		else if (this.phase.at === 'idle') void this.reach();
		this.limit();
	}

	get congestion(): Promise<void> | null {
		const { buffer, nonBlocking } = this.options.limits;
		if (nonBlocking || this.phase.at !== 'up' || this.queue.bytes <= buffer) return null;
		this.relief ??= Promise.withResolvers<void>();
		return this.relief.promise;
	}

	async close(): Promise<void> {
		this.closing = true;
		this.limit();
		if (this.phase.at === 'waiting') {
			// One more attempt, now.
			clearTimeout(this.phase.timer);
			this.phase = { at: 'idle' };
			if (!this.queue.isEmpty) void this.reach();
		}
		this.settle();
		await atMost(closeTimeout, this.done.promise);
		this.stop();
	}

	/** Connects once. @throws EngineError */
	private async dial(): Promise<void> {
		this.phase = { at: 'connecting' };
		const parse = this.options.acknowledgements?.() ?? null;
		let own: Phase | null = null;
		let gone = false;
		const lost = (): void => {
			gone = true;
			if (own !== null && this.phase === own) this.lost();
		};
		try {
			const connection = await connect(this.options.address, {
				data: (chunk) => this.heard(parse?.(chunk) ?? []),
				drain: () => this.pump(),
				close: lost,
			});
			own = { at: 'up', connection };
			this.failures = 0;
			this.offset = 0;
			this.phase = own;
		} catch (error) {
			this.phase = { at: 'idle' };
			throw error;
		}
		if (gone) this.lost();
		else this.pump();
	}

	private async reach(): Promise<void> {
		try {
			await this.dial();
		} catch {
			// Why does not matter any more: the start checked it, or did not want to.
			this.failures++;
			this.waitForNext();
		}
	}

	private waitForNext(): void {
		const { first, factor, most, attempts } = this.options.retry;
		const hopeless = this.closing || this.failures > attempts;
		if (hopeless || this.queue.isEmpty) {
			// With nothing to say, the next message connects.
			this.queue.clear();
			this.phase = { at: 'idle' };
			this.failures = 0;
			this.settle();
			return;
		}
		const delay = Math.min(most, first * factor ** (this.failures - 1));
		this.phase = { at: 'waiting', timer: setTimeout(() => void this.reach(), delay) };
	}

	private lost(): void {
		this.queue.rewind();
		this.offset = 0;
		this.stopWatching();
		this.failures = 1;
		this.phase = { at: 'idle' };
		this.limit();
		this.relieve();
		if (this.closing && !this.queue.isEmpty) void this.reach();
		else this.waitForNext();
	}

	private heard(acks: readonly string[]): void {
		for (const ack of acks) this.queue.acknowledge(ack);
		if (acks.length > 0) this.progressed();
	}

	private pump(): void {
		if (this.phase.at !== 'up') return;
		const { connection } = this.phase;
		let moved = false;
		for (let next = this.queue.next; next !== null; next = this.queue.next) {
			const taken = connection.write(this.offset === 0 ? next.bytes : next.bytes.subarray(this.offset));
			if (taken < 0) {
				connection.abort();
				return;
			}
			moved ||= taken > 0;
			this.offset += taken;
			if (this.offset < next.bytes.length) break;
			this.offset = 0;
			this.queue.markSent();
		}
		if (moved) this.progressed();
		this.watch();
	}

	private progressed(): void {
		this.stopWatching();
		this.watch();
		if (this.queue.bytes <= this.options.limits.buffer / 2) this.relieve();
		this.settle();
	}

	/** Keeps the queue within its limit. One that holds the container up gets over it by what one read brings, and by the end. */
	private limit(): void {
		const { buffer, nonBlocking } = this.options.limits;
		const holding = this.phase.at === 'up' && !nonBlocking && !this.closing;
		this.queue.dropTo(holding ? Math.max(4 * buffer, mostHeld) : buffer, this.offset > 0);
	}

	private relieve(): void {
		this.relief?.resolve();
		this.relief = null;
	}

	/** At the end: is everything said? */
	private settle(): void {
		if (this.closing && this.queue.isEmpty) this.done.resolve();
	}

	private watch(): void {
		const { writeTimeout } = this.options;
		if (writeTimeout === 0 || this.watchdog !== null || this.queue.isEmpty) return;
		this.watchdog = setTimeout(() => {
			this.watchdog = null;
			if (this.phase.at === 'up') this.phase.connection.abort();
		}, writeTimeout);
	}

	private stopWatching(): void {
		if (this.watchdog !== null) clearTimeout(this.watchdog);
		this.watchdog = null;
	}

	private stop(): void {
		const { phase } = this;
		this.phase = { at: 'closed' };
		this.stopWatching();
		this.relieve();
		if (phase.at === 'up') phase.connection.end();
		if (phase.at === 'waiting') clearTimeout(phase.timer);
		this.queue.clear();
	}
}
