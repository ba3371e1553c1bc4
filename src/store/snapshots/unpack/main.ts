import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import { syncfs } from '../../../kernel/fs.ts';
import { dieWithParent } from '../../../kernel/parent-death.ts';
import { createTarParser } from '../../../lib/tar/parse.ts';
import { type Digest, sha256Digest } from '../../../oci/digest.ts';
import { type BlobReader, blobOfInput, compressionOf, openBlobFile, readLine } from './blob.ts';
import { createExtractor } from './extract.ts';
import { createInflater } from './inflate.ts';
import { maxJobBytes, type UnpackJob, type UnpackMessage } from './protocol.ts';

/**
 * The role `unpack-layer`: one job from standard input, messages on standard output. Exit code 0 when the job is done.
 * With `--sync FOLDER` it writes that folder's filesystem back instead.
 */
export async function runUnpack(args: readonly string[]): Promise<void> {
	dieWithParent();
	const [option, folder] = args;
	if (option === '--sync' && folder !== undefined) return sync(folder);
	process.umask(0);
	const send = (message: UnpackMessage): void => {
		writeSync(1, `${JSON.stringify(message)}\n`);
	};
	try {
		const { line, rest } = readLine(maxJobBytes);
		const job: UnpackJob = JSON.parse(line);
		using blob = job.blob.at === 'file' ? openBlobFile(job.blob.path) : blobOfInput(rest, job.blob.size);
		send({ kind: 'done', ...unpack(job, blob, send) });
	} catch (error) {
		process.exitCode = 1;
		send({ kind: 'failed', code: codeOf(error), message: messageOf(error) });
	}
}

function sync(folder: string): void {
	const fd = openSync(folder, 'r');
	syncfs(fd);
	closeSync(fd);
}

/** Unpacks a blob into an empty directory. `size`: bytes of regular files and symbolic links. */
function unpack(
	job: UnpackJob,
	blob: BlobReader,
	send: (message: UnpackMessage) => void,
): { diffId: Digest; size: number } {
	const root = openSync(job.target, 'r');
	try {
		const extractor = createExtractor(root);
		const { maxEntries, maxUnpackedBytes } = job.limits;
		const parser = createTarParser(extractor, { limits: { maxEntries, maxNameBytes: 4095 }, names: 'bytes' });
		const hash = createHash('sha256');
		let total = 0;
		const take = (bytes: Uint8Array): void => {
			total += bytes.length;
			if (total > maxUnpackedBytes)
				throw new EngineError('corrupt', `the layer unpacks to over ${maxUnpackedBytes} bytes`);
			hash.update(bytes);
			parser.push(bytes);
		};
		const tell = throttled(() => send({ kind: 'progress', current: blob.read(), total: blob.size }));
		const first = blob.next() ?? new Uint8Array();
		const inflater = createInflater(compressionOf(first), take);
		for (let piece: Uint8Array | null = first; piece !== null; piece = blob.next()) {
			inflater.push(piece);
			tell();
		}
		inflater.finish();
		send({ kind: 'progress', current: blob.read(), total: blob.size });
		parser.finish();
		const size = extractor.finish();
		const diffId = sha256Digest(hash.digest('hex'));
		if (job.diffId !== null && diffId !== job.diffId) {
			throw new EngineError('corrupt', `the layer has the diff id ${diffId}, expected ${job.diffId}`);
		}
		return { diffId, size };
	} finally {
		closeSync(root);
	}
}

/** Lets a call through at most ten times a second. */
function throttled(call: () => void): () => void {
	let last = Date.now();
	return () => {
		const now = Date.now();
		if (now - last < 100) return;
		last = now;
		call();
	};
}
