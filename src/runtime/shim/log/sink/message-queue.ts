/** One message, ready for the wire. */
export interface WireMessage {
	readonly bytes: Uint8Array;
	/** What the sink answers with once it has the message; null: it does not answer. */
	readonly ack: string | null;
}

const nothing: WireMessage = { bytes: new Uint8Array(0), ack: null };

/**
 * Messages on their way, oldest first, with their bytes counted: those that were sent and are not acknowledged, then
 * those that wait.
 */
export class MessageQueue {
	private messages: WireMessage[] = [];
	private first = 0;
	/** How many at the front were sent. */
	private sent = 0;
	private size = 0;

	/** Bytes in the queue. */
	get bytes(): number {
		return this.size;
	}

	get isEmpty(): boolean {
		return this.first === this.messages.length;
	}

	push(message: WireMessage): void {
		this.messages.push(message);
		this.size += message.bytes.length;
	}

	/** The next one to send; null: there is none. */
	get next(): WireMessage | null {
		return this.messages[this.first + this.sent] ?? null;
	}

	/** The next one is sent: it goes, or waits for its acknowledgement. */
	markSent(): void {
		if (this.next?.ack === null) this.remove(this.sent);
		else this.sent++;
	}

	/** The sink has it. What it does not know is nothing of ours. */
	acknowledge(ack: string): void {
		for (let index = 0; index < this.sent; index++) {
			if (this.messages[this.first + index]?.ack !== ack) continue;
			this.remove(index);
			this.sent--;
			return;
		}
	}

	/** The connection is gone: all is to be sent again. */
	rewind(): void {
		this.sent = 0;
	}

	/** Drops the oldest, but not the one that is being sent, until so many bytes are left. */
	dropTo(limit: number, keepNext: boolean): void {
		while (this.size > limit && !this.isEmpty) {
			const held = keepNext && this.sent === 0 ? 1 : 0;
			if (this.first + held >= this.messages.length) return;
			this.remove(held);
			if (held === 0 && this.sent > 0) this.sent--;
		}
	}

	clear(): void {
		this.messages = [];
		this.first = 0;
		this.sent = 0;
		this.size = 0;
	}

	/** Takes out the one at `index` from the front. */
	private remove(index: number): void {
		const at = this.first + index;
		this.size -= this.messages[at]?.bytes.length ?? 0;
		if (index > 0) {
			// Those before it move up: they are few, the ones that wait for an acknowledgement or the one on the wire.
			this.messages.copyWithin(this.first + 1, this.first, at);
		}
		// Or the array would keep it alive.
		this.messages[this.first] = nothing;
		this.first++;
		if (this.first > 1024 && this.first * 2 > this.messages.length) {
			this.messages = this.messages.slice(this.first);
			this.first = 0;
		}
	}
}
