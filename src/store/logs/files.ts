import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { LogFormat } from './format.ts';
import type { LogRecord } from './records.ts';

const chunkSize = 256 * 1024;

/** One file of a log, open: it stays the same whatever its name becomes. */
export interface LogFile {
	readonly handle: FileHandle;
	readonly inode: number;
	/** When it was opened. */
	readonly size: number;
	readonly compressed: boolean;
}

/** Opens a file; null when there is none. */
async function openLogFile(path: string): Promise<LogFile | null> {
	let handle: FileHandle;
	try {
		handle = await open(path, 'r');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
		throw error;
	}
	const { ino, size } = await handle.stat();
	return { handle, inode: ino, size, compressed: path.endsWith('.gz') };
}

/** The newest file's inode; null when there is none. */
export async function newestInode(path: string): Promise<number | null> {
	const file = await openLogFile(path);
	await file?.handle.close();
	return file?.inode ?? null;
}

/** All files of a log, oldest first. A rotation meanwhile makes none appear twice. */
export async function openAll(path: string): Promise<LogFile[]> {
	const files: LogFile[] = [];
	const add = async (name: string): Promise<boolean> => {
		const file = await openLogFile(name);
		if (file === null) return false;
		if (files.some(({ inode }) => inode === file.inode)) await file.handle.close();
		else files.unshift(file);
		return true;
	};
	try {
		await add(path);
		for (let index = 1; (await add(`${path}.${index}`)) || (await add(`${path}.${index}.gz`)); index++);
		return files;
	} catch (error) {
		await closeAll(files);
		throw error;
	}
}

export async function closeAll(files: readonly LogFile[]): Promise<void> {
	await Promise.all(files.map(({ handle }) => handle.close()));
}

/** The bytes of a part of a file, in buffers that are the receiver's. */
export async function* chunksOf(handle: FileHandle, from: number, to: number): AsyncIterable<Buffer> {
	for (let position = from; position < to; ) {
		const buffer = Buffer.allocUnsafe(Math.min(chunkSize, to - position));
		const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
		if (bytesRead === 0) return;
		position += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

/** The records of a file from a position to the size that it had. A compressed one is read from its beginning. */
export async function* recordsOf(
	{ handle, size, compressed }: LogFile,
	format: LogFormat,
	from = 0,
): AsyncIterable<readonly LogRecord[]> {
	const decoder = format.decoder(compressed ? 0 : from);
	if (!compressed) {
		for await (const chunk of chunksOf(handle, from, size)) yield decoder.decode(chunk);
		return;
	}
	const source = Readable.from(chunksOf(handle, 0, size));
	const plain = source.pipe(createGunzip({ chunkSize }));
	source.once('error', (error) => plain.destroy(error));
	try {
		for await (const chunk of plain) yield decoder.decode(chunk as Buffer);
	} catch (error) {
		// Half a file, or damage: what came before it was read.
		if (!isDamage(error)) throw error;
	} finally {
		source.destroy();
	}
}

function isDamage(error: unknown): boolean {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	return code === 'Z_BUF_ERROR' || code === 'Z_DATA_ERROR' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
