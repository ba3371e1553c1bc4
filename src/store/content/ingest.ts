import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';
import { digestAlgorithm, parseDigest } from '../../oci/digest.ts';
import type { IngestOptions, StoredBlob } from './content.ts';

const batchBytes = 1024 * 1024;

/** Streams into a new file at `path`, hashing on the way, and syncs it if it shall be durable. The caller removes it on failure. */
export async function ingestInto(
	path: string,
	stream: AsyncIterable<Uint8Array>,
	{ expected, maxSize, signal, durable = true }: IngestOptions,
): Promise<StoredBlob> {
	const algorithm = expected === undefined ? 'sha256' : digestAlgorithm(expected.digest);
	const limit = Math.min(maxSize ?? Number.POSITIVE_INFINITY, expected?.size ?? Number.POSITIVE_INFINITY);
	const hash = createHash(algorithm);
	await using file = await open(path, 'wx', 0o644);
	const writer = createBatchWriter(file, hash);
	let size = 0;
	try {
		for await (const chunk of abortable(stream, signal)) {
			size += chunk.length;
			if (size > limit) throw new EngineError('corrupt', `content is longer than ${limit} bytes`);
			await writer.write(chunk);
		}
	} finally {
		await writer.settle();
	}
	await writer.flush();
	const digest = parseDigest(`${algorithm}:${hash.digest('hex')}`);
	verify({ digest, size }, expected);
	if (durable) await file.datasync();
	return { digest, size };
}

function verify(got: StoredBlob, expected: IngestOptions['expected']): void {
	if (expected === undefined) return;
	if (expected.size !== undefined && got.size !== expected.size) {
		throw new EngineError('corrupt', `content of ${expected.digest} has ${got.size} bytes, expected ${expected.size}`);
	}
	if (got.digest !== expected.digest) {
		throw new EngineError('corrupt', `content has the digest ${got.digest}, expected ${expected.digest}`);
	}
}

/** Gathers chunks and writes them by the megabyte, one write under way while the next batch is hashed. */
function createBatchWriter(file: FileHandle, hash: Hash) {
	let batch: Uint8Array[] = [];
	let batched = 0;
	let underWay: Promise<void> | undefined;
	let failure: unknown;

	const settle = async (): Promise<void> => {
		await underWay;
		underWay = undefined;
	};

	const send = async (): Promise<void> => {
		const buffers = batch;
		const bytes = batched;
		batch = [];
		batched = 0;
		// Copied: the stream may use its buffer again, and one write beats many.
		const whole = buffers.length === 1 && buffers[0] !== undefined ? buffers[0] : Buffer.concat(buffers, bytes);
		hash.update(whole);
		await settle();
		if (failure !== undefined) throw failure;
		underWay = writeWhole(file, whole).catch((error: unknown) => {
			failure = error;
		});
	};

	return {
		/** Large chunks are cut, so that hashing never holds the event loop long. */
		async write(chunk: Uint8Array): Promise<void> {
			for (let offset = 0; offset < chunk.length; offset += batchBytes) {
				const piece = chunk.subarray(offset, offset + batchBytes);
				batch.push(piece);
				batched += piece.length;
				if (batched >= batchBytes) await send();
			}
		},
		async flush(): Promise<void> {
			if (batched > 0) await send();
			await settle();
			if (failure !== undefined) throw failure;
		},
		/** Waits for the write under way, also after a failure. */
		settle,
	};
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
	for (let offset = 0; offset < bytes.length; ) {
		offset += (await file.write(bytes, offset, bytes.length - offset)).bytesWritten;
	}
}

/** Ends a wait for the next chunk when `signal` aborts. */
async function* abortable(stream: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncIterable<Uint8Array> {
	if (signal === undefined) {
		yield* stream;
		return;
	}
	const cancelled = (): EngineError =>
		new EngineError('cancelled', 'the ingest was cancelled', { cause: signal.reason });
	const { promise: aborted, reject } = Promise.withResolvers<never>();
	const onAbort = (): void => reject(cancelled());
	aborted.catch(() => {});
	signal.addEventListener('abort', onAbort, { once: true });
	const iterator = stream[Symbol.asyncIterator]();
	let done = false;
	try {
		while (true) {
			if (signal.aborted) throw cancelled();
			const next = await Promise.race([iterator.next(), aborted]);
			if (next.done === true) {
				done = true;
				return;
			}
			yield next.value;
		}
	} finally {
		signal.removeEventListener('abort', onAbort);
		// Not awaited: a generator that hangs in its own wait would never answer.
		if (!done) iterator.return?.()?.then(undefined, () => {});
	}
}
