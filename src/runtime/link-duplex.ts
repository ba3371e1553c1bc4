import { EngineError } from '../errors.ts';
import type { ByteDuplex } from '../lib/byte-duplex.ts';
import type { Link } from './link.ts';

/** Bytes that may wait for the reader before the peer is held back. */
const highWater = 1024 * 1024;

/** A {@link Link} as a {@link ByteDuplex}. `head`: bytes that came before the hand-over. */
export class LinkDuplex implements ByteDuplex {
	readonly closed: Promise<void>;
	private readonly queue: Uint8Array[] = [];
	private queued = 0;
	private ended = false;
	private broken = false;
	private paused = false;
	private wake: (() => void) | null = null;

	constructor(
		private readonly link: Link,
		head: Uint8Array,
	) {
		this.push(head);
		this.closed = new Promise((resolve) => {
			link.listener = {
				data: (chunk) => this.push(chunk),
				end: () => {
					this.ended = true;
					this.notify();
				},
				close: () => {
					// A shim that is done closes both ways at once: what it sent before is a complete stream.
					this.ended = true;
					this.notify();
					resolve();
				},
			};
		});
		if (link.isGone) link.listener?.close();
	}

	readonly readable: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => this.chunks() };

	write(chunk: Uint8Array): Promise<void> | void {
		if (this.link.isGone) return Promise.reject(new EngineError('unavailable', 'the connection to the shim is gone'));
		this.link.write(chunk);
		return this.link.isCongested ? this.link.drained() : undefined;
	}

	end(): void {
		this.link.end();
	}

	destroy(): void {
		this.broken = true;
		this.link.destroy();
		this.notify();
	}

	private push(chunk: Uint8Array): void {
		if (chunk.length === 0) return;
		this.queue.push(chunk);
		this.queued += chunk.length;
		if (this.queued > highWater && !this.paused) {
			this.paused = true;
			this.link.pause();
		}
		this.notify();
	}

	private notify(): void {
		this.wake?.();
		this.wake = null;
	}

	private async *chunks(): AsyncGenerator<Uint8Array> {
		while (!this.broken) {
			const chunk = this.queue.shift();
			if (chunk === undefined) {
				if (this.ended) return;
				await new Promise<void>((resolve) => {
					this.wake = resolve;
				});
				continue;
			}
			this.queued -= chunk.length;
			if (this.paused && this.queued < highWater / 2) {
				this.paused = false;
				this.link.resume();
			}
			yield chunk;
		}
	}
}
