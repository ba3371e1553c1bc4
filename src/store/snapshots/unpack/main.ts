import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import { syncfs } from '../../../kernel/fs.ts';
import { dieWithParent } from '../../../kernel/parent-death.ts';
import { createTarParser } from '../../../lib/tar/parse.ts';
import { type Digest, sha256Digest } from '../../../oci/digest.ts';
import { openBlob } from './decompress.ts';
import { createExtractor } from './extract.ts';
import type { UnpackJob, UnpackMessage } from './protocol.ts';

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
		const job: UnpackJob = JSON.parse(await Bun.stdin.text());
		send({ kind: 'done', ...(await unpack(job, send)) });
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

/** Unpacks a blob into an empty directory. `size`: bytes of regular files. */
async function unpack(
	job: UnpackJob,
	send: (message: UnpackMessage) => void,
): Promise<{ diffId: Digest; size: number }> {
	const root = openSync(job.target, 'r');
	try {
		const extractor = createExtractor(root);
		const { maxEntries, maxUnpackedBytes } = job.limits;
		const parser = createTarParser(extractor, { limits: { maxEntries, maxNameBytes: 4095 }, names: 'bytes' });
		const hash = createHash('sha256');
		const blob = await openBlob(job.blobPath);
		let total = 0;
		let told = Date.now();
		for await (const chunk of blob.bytes) {
			total += chunk.length;
			if (total > maxUnpackedBytes)
				throw new EngineError('corrupt', `the layer unpacks to over ${maxUnpackedBytes} bytes`);
			hash.update(chunk);
			parser.push(chunk);
			if (Date.now() - told < 100) continue;
			told = Date.now();
			send({ kind: 'progress', current: blob.read(), total: blob.size });
		}
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
