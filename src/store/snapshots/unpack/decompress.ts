import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { EngineError } from '../../../errors.ts';

const chunkSize = 512 * 1024;

/** How a blob is compressed, by its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd';

export function compressionOf(head: Uint8Array): Compression {
	if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
	if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
	return 'none';
}

/** The uncompressed bytes of a blob. `read` says how many bytes of the blob went in so far. */
export interface OpenedBlob {
	readonly size: number;
	readonly bytes: AsyncIterable<Uint8Array>;
	read(): number;
}

/** @throws `corrupt` (while reading) for compressed data that is damaged or cut short. */
export async function openBlob(path: string): Promise<OpenedBlob> {
	await using handle = await open(path, 'r');
	const { size } = await handle.stat();
	const head = Buffer.alloc(4);
	await handle.read(head, 0, 4, 0);
	const source = createReadStream(path, { highWaterMark: chunkSize });
	const bytes = decompress(source, compressionOf(head));
	return { size, bytes, read: () => source.bytesRead };
}

async function* decompress(source: Readable, compression: Compression): AsyncIterable<Uint8Array> {
	if (compression === 'none') {
		yield* source;
		return;
	}
	const inflate = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
	source.on('error', (error) => inflate.destroy(error));
	source.pipe(inflate);
	try {
		yield* inflate;
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? String(error.code) : '';
		if (!code.startsWith('Z') && !code.startsWith('ERR_ZSTD')) throw error;
		const message = error instanceof Error ? error.message : code;
		throw new EngineError('corrupt', `the ${compression} data is damaged: ${message}`, { cause: error });
	} finally {
		source.destroy();
	}
}
