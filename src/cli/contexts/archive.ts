import { EngineError } from '../../errors.ts';
import { readTar } from '../../lib/tar/read.ts';
import { type TarHeaderInput, tarEnd, tarPadding, writeTarHeader } from '../../lib/tar/write.ts';
import type { TlsMaterial } from './store.ts';
import { parseStoredContext, type StoredContext, storedJson } from './stored-context.ts';

/** The most bytes that an archive, or one of its files, may have. */
export const maxArchive = 10 * 1024 * 1024;
/** A context has a file of metadata and three of TLS; folders count, too. */
const maxEntries = 64;

/** A context outside of a store. */
export interface ExportedContext {
	readonly context: StoredContext;
	readonly tls: TlsMaterial;
}

/** The tar that stands for a context: `meta.json` and `tls/ENDPOINT/FILE`. */
export function* writeArchive({ context, tls }: ExportedContext): Generator<Uint8Array> {
	yield* entry({ name: 'meta.json', type: 'file', mode: 0o644 }, new TextEncoder().encode(storedJson(context)));
	yield* entry({ name: 'tls', type: 'directory', mode: 0o700 });
	for (const [endpoint, files] of tls) {
		yield* entry({ name: `tls/${endpoint}`, type: 'directory', mode: 0o700 });
		for (const [file, bytes] of files) {
			yield* entry({ name: `tls/${endpoint}/${file}`, type: 'file', mode: 0o600 }, bytes);
		}
	}
	yield tarEnd;
}

function* entry(header: TarHeaderInput, body: Uint8Array = new Uint8Array(0)): Generator<Uint8Array> {
	yield writeTarHeader({ ...header, size: body.length });
	yield body;
	yield tarPadding(body.length);
}

/** Reads the tar or zip of a context; nothing of it is kept before all of it is sound. @throws EngineError */
export async function readArchive(stream: AsyncIterable<Uint8Array>): Promise<ExportedContext> {
	const { isZip, all } = await sniff(stream);
	const files = isZip ? (await import('./zip.ts')).readZip(await gather(all, maxArchive)) : tarFiles(all);
	let meta: string | null = null;
	const tls = new Map<string, Map<string, Uint8Array>>();
	for await (const { name, bytes } of files) {
		if (name === 'meta.json') meta = new TextDecoder().decode(bytes);
		else addTls(tls, name, bytes);
	}
	if (meta === null) throw new EngineError('corrupt', 'invalid context: no metadata found');
	return { context: parseStoredContext(meta, 'meta.json'), tls };
}

/** A plain file of an archive. */
export interface ArchiveFile {
	readonly name: string;
	readonly bytes: Uint8Array;
}

async function* tarFiles(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveFile> {
	// Docker's own exports end with their last byte: without the blocks that end a tar.
	async function* ended() {
		let size = 0;
		for await (const chunk of stream) {
			size += chunk.length;
			if (size > 2 * maxArchive) throw tooLong();
			yield chunk;
		}
		yield tarPadding(size);
		yield tarEnd;
	}
	for await (const { header, body } of readTar(ended(), { limits: { maxEntries } })) {
		const name = header.name.replace(/^\.\//, '');
		if (header.type === 'directory') continue;
		if (header.type !== 'file') throw new EngineError('invalid_argument', `${name}: not a plain file`);
		if (header.size > maxArchive) throw tooLong();
		yield { name, bytes: await gather(body, maxArchive) };
	}
}

function addTls(tls: Map<string, Map<string, Uint8Array>>, name: string, bytes: Uint8Array): void {
	if (!name.startsWith('tls/')) throw new EngineError('invalid_argument', `${name}: unexpected context file`);
	const parts = name.slice('tls/'.length).split('/');
	const [endpoint = '', file = ''] = parts;
	const isName = (text: string) => text !== '' && text !== '.' && text !== '..' && !/[\\\0]/.test(text);
	if (parts.length !== 2 || !isName(endpoint) || !isName(file)) {
		throw new EngineError('invalid_argument', `${name}: unexpected path format`);
	}
	const files = tls.get(endpoint) ?? new Map<string, Uint8Array>();
	files.set(file, bytes);
	tls.set(endpoint, files);
}

async function sniff(stream: AsyncIterable<Uint8Array>) {
	const iterator = stream[Symbol.asyncIterator]();
	let head: Uint8Array = new Uint8Array(0);
	while (head.length < 4) {
		const next = await iterator.next();
		if (next.done === true) break;
		head = Buffer.concat([head, next.value]);
	}
	async function* all(): AsyncGenerator<Uint8Array> {
		yield head;
		for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
	}
	const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
	return { isZip, all: all() };
}

async function gather(stream: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of stream) {
		size += chunk.length;
		if (size > most) throw tooLong();
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

/** The error for more bytes than a context can have. */
export function tooLong(): EngineError {
	return new EngineError('invalid_argument', 'read exceeds the defined limit');
}
