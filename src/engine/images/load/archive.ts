import { posix } from 'node:path';
import { EngineError } from '../../../errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { ContentStore, StoredBlob } from '../../../store/content/content.ts';
import type { KeepScope } from '../keeper.ts';
import { decompressed } from './decompress.ts';
import { readTar } from './read-tar.ts';

/** The files of an archive, each in the content store for as long as the scope lives; not durable there. */
export interface Archive {
	/** A file by its path within the archive, links followed. @throws EngineError `corrupt` when it is not there. */
	file(path: string): StoredBlob;
	/** Whether there is such a file. */
	has(path: string): boolean;
}

/** Bounds of what a sender may make us store. */
export interface ArchiveLimits {
	readonly maxBytes: number;
	readonly maxFiles: number;
}

const maxLinks = 40;
/** Files that docker's old archives have for each layer and nobody reads. */
const ignored = /(^|\/)(VERSION|json|repositories|oci-layout)$/;

/** Streams every file of an archive into the content store. @throws EngineError `corrupt`, `exhausted`, `cancelled`. */
export async function storeArchive(
	tar: AsyncIterable<Uint8Array>,
	deps: { readonly content: ContentStore; readonly limits: ArchiveLimits },
	scope: KeepScope,
	signal: AbortSignal,
): Promise<Archive> {
	const files = new Map<string, StoredBlob>();
	const links = new Map<string, string>();
	let bytes = 0;
	let entries = 0;
	for await (const { header, body } of readTar(decompressed(tar))) {
		if (signal.aborted) throw new EngineError('cancelled', 'context canceled');
		if (++entries > deps.limits.maxFiles) throw corrupt(`it has more than ${deps.limits.maxFiles} entries`);
		const path = inside(header.name, '.');
		if (ignored.test(path)) continue;
		files.delete(path);
		links.delete(path);
		if (header.type === 'symlink') links.set(path, inside(header.linkName, posix.dirname(path)));
		else if (header.type === 'hardlink') links.set(path, inside(header.linkName, '.'));
		else if (header.type === 'file') {
			bytes += header.size;
			if (bytes > deps.limits.maxBytes) throw corrupt(`it holds more than ${deps.limits.maxBytes} bytes`);
			files.set(path, await storeFile(body, path, deps.content, scope, signal));
		}
	}
	const resolve = (path: string): StoredBlob | undefined => {
		let current = inside(path, '.');
		for (let hops = 0; hops < maxLinks; hops++) {
			const target = links.get(current);
			if (target === undefined) return files.get(current);
			current = target;
		}
		throw corrupt(`${JSON.stringify(path)} is a loop of links`);
	};
	return {
		has: (path) => resolve(path) !== undefined,
		file(path) {
			const blob = resolve(path);
			if (blob === undefined) throw corrupt(`it has no file ${JSON.stringify(path.slice(0, 200))}`);
			return blob;
		},
	};
}

async function storeFile(
	body: AsyncIterable<Uint8Array>,
	path: string,
	content: ContentStore,
	scope: KeepScope,
	signal: AbortSignal,
): Promise<StoredBlob> {
	// An OCI layout says what each blob is: then a wrong one is never stored.
	const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
	const expected = hex === undefined ? undefined : (`sha256:${hex}` as Digest);
	if (expected !== undefined) await scope.blob(expected);
	const stored = await content.ingest(body, {
		signal,
		durable: false,
		...(expected === undefined ? {} : { expected: { digest: expected } }),
	});
	if (expected === undefined) {
		await scope.blob(stored.digest);
		if (!(await content.has(stored.digest))) throw new EngineError('unavailable', `${path} was removed while loading`);
	}
	return stored;
}

/** A path cleaned and relative to the archive's top. @throws EngineError `corrupt` when it leads out of the archive. */
function inside(path: string, from: string): string {
	if (path.includes('\0') || path.length > 4096) throw corrupt('a path in it is not valid');
	const clean = posix.normalize(posix.isAbsolute(path) ? `.${path}` : posix.join(from, path));
	if (clean === '..' || clean.startsWith('../')) {
		throw corrupt(`the path ${JSON.stringify(path.slice(0, 200))} leads out of it`);
	}
	return clean.replace(/\/+$/, '');
}

function corrupt(problem: string): EngineError {
	return new EngineError('corrupt', `invalid image archive: ${problem}`);
}
