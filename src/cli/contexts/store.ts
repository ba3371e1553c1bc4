import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { EngineError, messageOf } from '../../errors.ts';
import { parseStoredContext, type StoredContext, storedJson } from './stored-context.ts';

/** Files of TLS material by endpoint: `docker` → `ca.pem` → its bytes. */
export type TlsMaterial = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** The contexts of one configuration folder, in Docker's own form: shared with its clients. */
export interface ContextStore {
	/** All of them, by name. @throws EngineError `corrupt` when one cannot be read */
	list(): Promise<StoredContext[]>;
	/** One. @throws EngineError `not_found`, `corrupt` */
	read(name: string): Promise<StoredContext>;
	/** Puts a context in place; `tls` replaces what there was, null leaves it. */
	write(context: StoredContext, tls: TlsMaterial | null): Promise<void>;
	/** Removes a context and its TLS material; one that is not there is no error. */
	remove(name: string): Promise<void>;
	/** Its TLS material. */
	readTls(name: string): Promise<TlsMaterial>;
	/** Names of the files of its TLS material, by endpoint. */
	listTls(name: string): Promise<Readonly<Record<string, string[]>>>;
	/** The folders of a context. */
	foldersOf(name: string): { readonly meta: string; readonly tls: string };
}

/** Opens the contexts of a configuration folder; nothing is made before something is written. */
export function openContexts(configFolder: string): ContextStore {
	const metaRoot = `${configFolder}/contexts/meta`;
	const foldersOf = (name: string) => {
		const key = createHash('sha256').update(name).digest('hex');
		return { meta: `${metaRoot}/${key}`, tls: `${configFolder}/contexts/tls/${key}` };
	};
	return {
		foldersOf,
		async list() {
			const contexts: StoredContext[] = [];
			for (const folder of await namesIn(metaRoot)) {
				const path = `${metaRoot}/${folder}/meta.json`;
				const text = await readIfThere(path);
				if (text === null) continue;
				try {
					contexts.push(parseStoredContext(text.toString(), path));
				} catch (error) {
					throw new EngineError('corrupt', `failed to read metadata: ${messageOf(error)}`, { cause: error });
				}
			}
			return contexts.sort((a, b) => byName(a.Name, b.Name));
		},
		async read(name) {
			const path = `${foldersOf(name).meta}/meta.json`;
			const text = await readIfThere(path);
			if (text === null) {
				const why = `context not found: open ${path}: no such file or directory`;
				throw new EngineError('not_found', `context "${name}": ${why}`);
			}
			try {
				return parseStoredContext(text.toString(), path);
			} catch (error) {
				throw new EngineError('corrupt', `context "${name}": ${messageOf(error)}`, { cause: error });
			}
		},
		async write(context, tls) {
			const folders = foldersOf(context.Name);
			await mkdir(folders.meta, { recursive: true, mode: 0o755 });
			if (tls !== null) await replaceTls(folders.tls, tls);
			await putFile(`${folders.meta}/meta.json`, storedJson(context), 0o644);
		},
		async remove(name) {
			const { meta, tls } = foldersOf(name);
			await rm(meta, { recursive: true, force: true });
			await rm(tls, { recursive: true, force: true });
		},
		async readTls(name) {
			const { tls } = foldersOf(name);
			const material = new Map<string, Map<string, Uint8Array>>();
			for (const endpoint of await namesIn(tls)) {
				const files = new Map<string, Uint8Array>();
				for (const file of await namesIn(`${tls}/${endpoint}`)) {
					files.set(file, await readFile(`${tls}/${endpoint}/${file}`));
				}
				material.set(endpoint, files);
			}
			return material;
		},
		async listTls(name) {
			const { tls } = foldersOf(name);
			const endpoints = await namesIn(tls);
			return Object.fromEntries(
				await Promise.all(endpoints.map(async (one) => [one, await namesIn(`${tls}/${one}`)] as const)),
			);
		},
	};
}

/** Names in the order in which people count: `a2` before `a10`. */
export function byName(a: string, b: string): number {
	return a.localeCompare(b, 'en', { numeric: true });
}

/** Made beside and renamed: another client sees the old material or the new. */
async function replaceTls(folder: string, material: TlsMaterial): Promise<void> {
	const next = `${folder}.${process.pid}.tmp`;
	try {
		for (const [endpoint, files] of material) {
			if (files.size === 0) continue;
			await mkdir(`${next}/${endpoint}`, { recursive: true, mode: 0o700 });
			for (const [file, bytes] of files) await writeFile(`${next}/${endpoint}/${file}`, bytes, { mode: 0o600 });
		}
		await rm(folder, { recursive: true, force: true });
		if ((await namesIn(next)).length > 0) await rename(next, folder);
	} finally {
		await rm(next, { recursive: true, force: true });
	}
}

/** Writes a file through a temporary name beside it. */
export async function putFile(path: string, text: string, mode: number): Promise<void> {
	const temporary = `${path}.${process.pid}.tmp`;
	try {
		await writeFile(temporary, text, { mode });
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	}
}

async function namesIn(folder: string): Promise<string[]> {
	try {
		return (await readdir(folder)).sort();
	} catch (error) {
		if (isAbsent(error)) return [];
		throw error;
	}
}

async function readIfThere(path: string): Promise<Buffer | null> {
	try {
		return await readFile(path);
	} catch (error) {
		if (isAbsent(error)) return null;
		throw error;
	}
}

function isAbsent(error: unknown): boolean {
	const code = error instanceof Error && 'code' in error ? error.code : '';
	return code === 'ENOENT' || code === 'ENOTDIR';
}
