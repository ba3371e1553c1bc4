import { writeSync } from 'node:fs';
import { codeOf, EngineError, messageOf } from '../../errors.ts';
import { AT_FDCWD, close, FileType, Open, openat2 } from '../../kernel/fs.ts';
import { cstring } from '../../kernel/libc.ts';
import { dieWithParent } from '../../kernel/parent-death.ts';
import { createTarParser, type TarParser } from '../../lib/tar/parse.ts';
import { blobOfInput, compressionOf, readLine } from '../snapshots/unpack/blob.ts';
import { createInflater } from '../snapshots/unpack/inflate.ts';
import { walkChanges } from './changes.ts';
import { createTreeExtractor } from './extract.ts';
import { explained } from './failures.ts';
import { openOutput } from './output.ts';
import { createPacker, type Packer } from './pack.ts';
import { type Found, find, follow, splitPath } from './paths.ts';
import { type FilesAnswer, type FilesJob, maxJobBytes, type PathStat } from './protocol.ts';
import { type OpenView, openView } from './view.ts';

/**
 * The role `container-files`: one job from standard input, the answer on standard output. Exit code 0 when it is done.
 * It walks trees that others may change while it does, and whose names and links nobody vouches for.
 */
export function runContainerFiles(): void {
	dieWithParent();
	process.umask(0);
	let answered = false;
	const answer = (message: FilesAnswer): void => {
		writeSync(answered ? 2 : 1, `${JSON.stringify(message)}\n`);
		answered = true;
	};
	try {
		const { line, rest } = readLine(maxJobBytes);
		runJob(JSON.parse(line), rest, answer);
	} catch (thrown) {
		const error = explained(thrown);
		process.exitCode = 1;
		answer({ kind: 'failed', code: codeOf(error), message: messageOf(error) });
	}
}

function runJob(job: FilesJob, input: Uint8Array, answer: (message: FilesAnswer) => void): void {
	if (job.kind === 'changes') tellChanges(job, answer);
	else if (job.kind === 'export') packFolder(job.root, false, answer);
	else if (job.kind === 'layer') packFolder(job.upper, true, answer);
	else if (job.kind === 'extract') extract(job, input, answer);
	else look(job, answer);
}

function tellChanges(job: FilesJob & { readonly kind: 'changes' }, answer: (message: FilesAnswer) => void): void {
	answer({ kind: 'ready' });
	const output = openOutput();
	walkChanges(job.upper, job.lower, (change) => output.write(Buffer.from(`${JSON.stringify(change)}\n`)));
	output.flush();
}

function look(job: FilesJob & { readonly kind: 'stat' | 'archive' }, answer: (message: FilesAnswer) => void): void {
	const { root } = openView(job.view);
	const found = need(root, job.path);
	answer({ kind: 'stat', stat: statOf(root, found) });
	if (job.kind === 'stat') return;
	const packer = createPacker(openOutput());
	addFound(packer, found);
	packer.finish();
}

function packFolder(folder: string, whiteouts: boolean, answer: (message: FilesAnswer) => void): void {
	const fd = openat2(AT_FDCWD, cstring(folder), { flags: Open.PATH | Open.DIRECTORY });
	answer({ kind: 'ready' });
	const packer = createPacker(openOutput(), { whiteouts });
	packer.addBelow(fd, '');
	packer.finish();
}

/** @throws `not_found`, whose message the daemon replaces: it knows what the container is called. */
function need(root: number, path: string, followed = path): Found {
	const found = find(root, followed);
	if (found === null) throw new EngineError('not_found', path);
	return found;
}

function addFound(packer: Packer, { fd, name, status }: Found): void {
	const isDirectory = (status.mode & FileType.MASK) === FileType.DIRECTORY;
	packer.add(fd, isDirectory && name !== '/' ? `${rawText(name)}/` : rawText(name));
}

const rawText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function statOf(root: number, { status, name, path }: Found): PathStat {
	const isLink = (status.mode & FileType.MASK) === FileType.SYMLINK;
	return {
		name,
		size: Number(status.size),
		mode: status.mode,
		mtime: String(status.mtime),
		linkTarget: isLink ? follow(root, path) : '',
	};
}

function extract(
	job: FilesJob & { readonly kind: 'extract' },
	input: Uint8Array,
	answer: (message: FilesAnswer) => void,
): void {
	const view = openView(job.view);
	const target = targetOf(view, job.path);
	const sink = createTreeExtractor(view.root, target, job);
	const limits = { maxEntries: Number.POSITIVE_INFINITY, maxNameBytes: 4095 };
	const parser = createTarParser(sink, { limits, names: 'bytes' });
	let any = false;
	const take = (bytes: Uint8Array): void => {
		any ||= bytes.length > 0;
		parser.push(bytes);
	};
	using blob = blobOfInput(input, 0);
	try {
		const first = blob.next() ?? new Uint8Array();
		const inflater = createInflater(compressionOf(first), take);
		for (let piece: Uint8Array | null = first; piece !== null; piece = blob.next()) inflater.push(piece);
		inflater.finish();
		// Nothing at all is an archive of nothing.
		if (any) finishWhole(parser);
	} catch (error) {
		// What is wrong with the archive is the sender's doing.
		if (codeOf(error) !== 'corrupt') throw error;
		throw new EngineError('invalid_argument', `invalid archive: ${messageOf(error)}`, { cause: error });
	}
	sink.finish();
	answer({ kind: 'ready' });
}

/** @throws `corrupt`, in Docker's words. */
function finishWhole(parser: TarParser): void {
	try {
		parser.finish();
	} catch (error) {
		throw new EngineError('corrupt', 'unexpected EOF', { cause: error });
	}
}

/** The names, free of links, of the directory to unpack into. @throws `not_found`, `invalid_argument`, `forbidden`. */
function targetOf(view: OpenView, path: string): string[] {
	const found = need(view.root, path);
	close(found.fd);
	const isLink = (found.status.mode & FileType.MASK) === FileType.SYMLINK;
	const { status } = isLink ? need(view.root, path, `${path}/`) : found;
	if ((status.mode & FileType.MASK) !== FileType.DIRECTORY) {
		throw new EngineError('invalid_argument', 'extraction point is not a directory');
	}
	const real = follow(view.root, found.path);
	const readOnly = view.readOnlyAt(real);
	if (readOnly === 'mount') throw new EngineError('forbidden', 'mounted volume is marked read-only');
	if (readOnly === 'root') throw new EngineError('forbidden', 'container rootfs is marked read-only');
	return splitPath(real).map(rawText);
}
