import type { Duplex, Readable, Writable } from 'node:stream';
import { EngineError } from '../../errors.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';

/**
 * Bytes of a stream with back-pressure. Unlike node's own iterator, leaving it early does not destroy the stream (the
 * other direction goes on): the rest is read and thrown away, so that the peer's close is still seen.
 */
export async function* bytesOf(stream: Readable): AsyncGenerator<Uint8Array> {
	const queue: Uint8Array[] = [];
	let done = false;
	let failure: Error | undefined;
	let wake: (() => void) | undefined;
	const onData = (chunk: Uint8Array) => {
		queue.push(chunk);
		stream.pause();
		wake?.();
	};
	const finish = (error?: Error) => {
		done = true;
		if (error instanceof Error) failure = error;
		wake?.();
	};
	const onEnd = () => finish();
	const onClose = () =>
		finish(stream.readableEnded ? undefined : new EngineError('cancelled', 'the client closed the connection'));
	stream.on('data', onData).on('end', onEnd).on('error', finish).on('close', onClose);
	if (stream.readableEnded) done = true;
	else if (stream.destroyed) onClose();
	try {
		for (;;) {
			const chunk = queue.shift();
			if (chunk !== undefined) {
				yield chunk;
				continue;
			}
			if (failure !== undefined) throw failure;
			if (done) return;
			await new Promise<void>((resolve) => {
				wake = resolve;
				stream.resume();
			});
			wake = undefined;
		}
	} finally {
		stream.off('data', onData).off('end', onEnd).off('close', onClose);
		// The error listener stays: an error without one would be thrown at the process.
		stream.resume();
	}
}

/** Writes with back-pressure. @throws EngineError `cancelled` when the peer is gone. */
export function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> {
	const gone = () => new EngineError('cancelled', 'the client closed the connection');
	if (stream.destroyed || stream.writableEnded) return Promise.reject(gone());
	if (stream.write(chunk)) return Promise.resolve();
	return new Promise((resolve, reject) => {
		const settle = (error?: Error) => {
			stream.off('drain', onDrain).off('close', onClose).off('error', settle);
			if (error === undefined) resolve();
			else reject(error);
		};
		const onDrain = () => settle();
		const onClose = () => settle(gone());
		stream.on('drain', onDrain).on('close', onClose).on('error', settle);
	});
}

/** A taken-over connection as {@link ByteDuplex}. */
export function duplexOf(socket: Duplex): ByteDuplex {
	const closed = new Promise<void>((resolve) => {
		if (socket.destroyed) resolve();
		socket.once('close', () => resolve());
	});
	socket.on('error', () => socket.destroy());
	return {
		readable: bytesOf(socket),
		write: (chunk) => writeTo(socket, chunk),
		end: () => {
			if (!socket.writableEnded) socket.end();
		},
		destroy: () => socket.destroy(),
		closed,
	};
}

/**
 * A client that did not ask for an upgrade: its request body is the input, the response body the output.
 * `discardInput`: the body has been read already.
 */
export function duplexOfExchange(input: Readable | null, output: Writable): ByteDuplex {
	const closed = new Promise<void>((resolve) => {
		if (output.destroyed) resolve();
		output.once('close', () => resolve());
	});
	output.on('error', () => output.destroy());
	return {
		readable: input === null ? nothing() : bytesOf(input),
		write: (chunk) => writeTo(output, chunk),
		end: () => {
			if (!output.writableEnded) output.end();
		},
		destroy: () => output.destroy(),
		closed,
	};
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
