import { EngineError } from '../../../../errors.ts';
import type { WireMessage } from './message-queue.ts';

/** A way to a sink. Memory is bounded whatever the sink does. */
export interface Channel {
	/** Makes sure that there is a sink. @throws EngineError with the words of Go's net package, which docker shows */
	open(): Promise<void>;
	send(message: WireMessage): void;
	/** Settles when there is room again; null: there is. */
	readonly congestion: Promise<void> | null;
	/** Sends what is left, for a while; never rejects. */
	close(): Promise<void>;
}

/** How much may wait, and what then. */
export interface QueueLimits {
	/** Bytes. */
	readonly buffer: number;
	/** Drop the oldest rather than report congestion. */
	readonly nonBlocking: boolean;
}

/** When to try again to reach a sink that is away. Milliseconds. */
export interface RetryPolicy {
	readonly first: number;
	readonly factor: number;
	readonly most: number;
	/** After so many failures in a row what waits is dropped, and the next message begins anew. */
	readonly attempts: number;
}

/** Back-off of sinks whose options name none. */
export const usualRetry: RetryPolicy = { first: 100, factor: 2, most: 10_000, attempts: Number.POSITIVE_INFINITY };

/** How long a connection may take to be made, in milliseconds. */
export const connectTimeout = 5000;
/** How long what is left may take after the end of the container, in milliseconds. Docker waits as long. */
export const closeTimeout = 10_000;

const reasons: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'connect: connection refused',
	ENOENT: 'connect: no such file or directory',
	EACCES: 'connect: permission denied',
	EHOSTUNREACH: 'connect: no route to host',
	ENETUNREACH: 'connect: network is unreachable',
	EPROTOTYPE: 'connect: protocol wrong type for socket',
	ETIMEDOUT: 'i/o timeout',
};

/** What docker says of a sink that cannot be reached. */
export function dialError(network: string, address: string, error: unknown): EngineError {
	const { code, message } = error as { code?: string; message?: string };
	const unknown = code === 'ENOTFOUND' || code?.startsWith('DNS_') === true || code?.startsWith('EAI_') === true;
	const text = unknown
		? `lookup ${address.replace(/:\d+$/, '')}: no such host`
		: `${address}: ${reasons[code ?? ''] ?? message ?? code}`;
	return new EngineError('unavailable', `dial ${network} ${text}`, { cause: error });
}

/** Resolves after so many milliseconds, or with the promise; the timer is gone then. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	await Promise.race([
		promise,
		new Promise<void>((resolve) => {
			timer = setTimeout(resolve, milliseconds);
		}),
	]);
	clearTimeout(timer);
}

/** The channel, with another way to open it. */
export function withOpen(channel: Channel, open: () => Promise<void>): Channel {
	return {
		open,
		send: (message) => channel.send(message),
		get congestion() {
			return channel.congestion;
		},
		close: () => channel.close(),
	};
}
