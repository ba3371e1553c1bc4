import {
	chmodSync,
	closeSync,
	constants,
	linkSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	openSync,
	rmSync,
	type Stats,
	symlinkSync,
	writeSync,
} from 'node:fs';
import { join, posix } from 'node:path';
import { EngineError } from '../../errors.ts';
import { readTar, type TarEntry } from '../../lib/tar/read.ts';
import type { TarHeader } from '../../lib/tar/types.ts';
import type { Plan } from './paths.ts';

const failure = (message: string): EngineError => new EngineError('invalid_argument', message);
const exclusive = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Unpacks what a container gave into a directory here, owned by the user. The archive is not trusted: no name leads out of
 * the directory, and no link that is in it is followed on the way.
 */
export async function unpackLocal(tar: AsyncIterable<Uint8Array>, { directory, rename }: Plan): Promise<void> {
	const times: { readonly path: string; readonly mtime: bigint }[] = [];
	for await (const entry of readTar(tar)) {
		const { header } = entry;
		const parts = partsOf(rename(header.name), directory);
		const path = join(directory, ...parts);
		makeParents(directory, parts);
		const merges = clear(path, header, parts.length === 0, directory);
		await make(entry, { path, parts, directory, rename, merges });
		if (header.type === 'directory') times.push({ path, mtime: header.mtime });
	}
	for (const { path, mtime } of times.reverse()) setTime(path, mtime);
}

interface Target {
	readonly path: string;
	readonly parts: readonly string[];
	readonly directory: string;
	readonly rename: (name: string) => string;
	readonly merges: boolean;
}

function partsOf(name: string, directory: string): string[] {
	const clean = posix.normalize(name).replace(/^\/+/, '');
	const parts = clean.split('/').filter((part) => part !== '' && part !== '.');
	if (parts.includes('..')) throw failure(`${JSON.stringify(name)} is outside of ${JSON.stringify(directory)}`);
	return parts;
}

function lstat(path: string): Stats | undefined {
	return lstatSync(path, { throwIfNoEntry: false });
}

/** Every directory on the way is a real one: the archive may have put a link in its place. */
function makeParents(directory: string, parts: readonly string[]): void {
	let path = directory;
	for (const part of parts.slice(0, -1)) {
		path = join(path, part);
		const status = lstat(path);
		if (status === undefined) mkdirSync(path, 0o755);
		else if (!status.isDirectory()) throw failure(`${path} is no directory: the archive names something below it`);
	}
}

/** Takes away what is in the way; true for a directory that stays. */
function clear(path: string, { type }: TarHeader, isRoot: boolean, directory: string): boolean {
	const status = lstat(path);
	if (status === undefined) return false;
	const [old, next] = [status.isDirectory(), type === 'directory'];
	if (old && next) return true;
	if (old || next || isRoot) {
		const words = old ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
		throw failure(`cannot overwrite ${words[0]} ${JSON.stringify(path)} with ${words[1]} ${JSON.stringify(directory)}`);
	}
	rmSync(path);
	return false;
}

async function make({ header, body }: TarEntry, target: Target): Promise<void> {
	const { path, parts, directory, rename, merges } = target;
	switch (header.type) {
		case 'directory':
			if (!merges) mkdirSync(path);
			if (parts.length > 0) chmodSync(path, header.mode);
			return;
		case 'file':
			await writeFile(path, header, body);
			break;
		case 'symlink': {
			const leads = posix.normalize([...parts.slice(0, -1), header.linkName].join('/'));
			if (!header.linkName.startsWith('/') && (leads === '..' || leads.startsWith('../'))) {
				throw failure(`invalid symlink ${JSON.stringify(path)} -> ${JSON.stringify(header.linkName)}`);
			}
			symlinkSync(header.linkName, path);
			break;
		}
		case 'hardlink': {
			const from = partsOf(rename(header.linkName), directory);
			makeParents(directory, from);
			linkSync(join(directory, ...from), path);
			return;
		}
		default:
			makeNode(path, header);
	}
	setTime(path, header.mtime);
}

async function writeFile(path: string, header: TarHeader, body: AsyncIterable<Uint8Array>): Promise<void> {
	const fd = openSync(path, exclusive, 0o600);
	try {
		for await (const chunk of body) {
			for (let rest = chunk; rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest));
		}
	} finally {
		closeSync(fd);
	}
	chmodSync(path, header.mode);
}

function makeNode(path: string, { type, mode, deviceMajor, deviceMinor }: TarHeader): void {
	const letter = { fifo: 'p', 'character-device': 'c', 'block-device': 'b' }[type as 'fifo'];
	const numbers = type === 'fifo' ? [] : [String(deviceMajor), String(deviceMinor)];
	const made = Bun.spawnSync(['mknod', `--mode=${mode.toString(8)}`, '--', path, letter, ...numbers]);
	if (made.exitCode !== 0) throw new EngineError('forbidden', made.stderr.toString().trim());
}

function setTime(path: string, mtime: bigint): void {
	const seconds = Number(mtime / 1_000_000n) / 1000;
	lutimesSync(path, seconds, seconds);
}
