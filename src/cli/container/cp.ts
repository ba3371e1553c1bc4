import { containersOf, type PathStat } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { bool, type CommandDef, type Context, exactly } from '../command.ts';
import { packLocal } from '../copy/pack.ts';
import {
	absolute,
	type CopyInfo,
	checkOutput,
	destinationInfo,
	planCopy,
	rebased,
	replaceBase,
	sourceInfo,
	splitArgument,
	splitEntry,
} from '../copy/paths.ts';
import { unpackLocal } from '../copy/unpack.ts';
import type { Flags } from '../flags.ts';
import { humanSize } from '../render/units.ts';

/** Bits of Go's FileMode, as the daemon sends it. */
const modes = { directory: 2 ** 31, link: 2 ** 27, device: 2 ** 26 };
const is = ({ mode }: PathStat, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

interface Side {
	readonly container: string;
	readonly path: string;
}

export const command: CommandDef = {
	usage: 'CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH',
	summary: 'Copy files between a container and here',
	arity: exactly(2),
	flags: [
		bool('archive', 'a', 'Keep user and group of what is copied'),
		bool('follow-link', 'L', 'Follow a symbolic link that is the source'),
		bool('quiet', 'q', 'Do not say what was copied; so without a terminal'),
	],
	async run(context, flags, [from = '', to = '']) {
		if (from === '') throw new EngineError('invalid_argument', 'source can not be empty');
		if (to === '') throw new EngineError('invalid_argument', 'destination can not be empty');
		const [source, destination] = [splitArgument(from), splitArgument(to)];
		if (source.container !== '' && destination.container !== '') {
			throw new EngineError('invalid_argument', 'copying between containers is not supported');
		}
		if (source.container !== '') await copyOut(context, flags, source, destination.path);
		else if (destination.container !== '') await copyIn(context, flags, source.path, destination);
		else throw new EngineError('invalid_argument', 'must specify at least one container source');
		return 0;
	},
};

async function copyOut(context: Context, flags: Flags, { container, path }: Side, to: string): Promise<void> {
	const target = to === '-' ? to : absolute(to);
	if (target !== '-') checkOutput(target);
	const containers = containersOf(await context.client());
	let source = { path, rebase: '' };
	if (flags.bool('follow-link')) {
		const stat = await containers.statPath(container, path).catch(() => null);
		if (stat !== null && is(stat, modes.link)) source = rebased(path, stat.linkTarget);
	}
	const { stat, body } = await containers.getArchive(container, source.path);
	if (target === '-') {
		for await (const chunk of body) {
			context.stdout.write(chunk);
			await context.stdout.flush();
		}
		return;
	}
	const info: CopyInfo = { ...source, exists: true, isDirectory: is(stat, modes.directory) };
	const plan = planCopy(info, destinationInfo(target));
	const [, base] = splitEntry(source.path);
	const renamed = (name: string): string => (source.rebase === '' ? name : replaceBase(name, base, source.rebase));
	const counted = counter(body);
	await unpackLocal(counted.stream, { ...plan, rename: (name) => plan.rename(renamed(name)) });
	await report(context, flags, counted.bytes(), target);
}

async function copyIn(context: Context, flags: Flags, from: string, { container, path }: Side): Promise<void> {
	const containers = containersOf(await context.client());
	const destination = await destinationIn(containers, container, path);
	const options = { keepKind: true, asUser: flags.bool('archive') };
	if (from === '-') {
		if (!destination.isDirectory) {
			throw new EngineError('invalid_argument', `destination "${container}:${path}" must be a directory`);
		}
		await containers.putArchive(container, destination.path, options, Bun.file(0).stream());
		return;
	}
	const source = sourceInfo(absolute(from), flags.bool('follow-link'));
	const plan = planCopy(source, destination);
	const counted = counter(packLocal(source, plan.rename));
	await containers.putArchive(container, plan.directory, options, counted.stream);
	await report(context, flags, counted.bytes(), `${container}:${path}`);
}

/** What is at the path, a link at its end followed. What cannot be looked at may still be made. */
async function destinationIn(
	containers: ReturnType<typeof containersOf>,
	container: string,
	path: string,
): Promise<CopyInfo> {
	let where = path;
	let stat = await containers.statPath(container, path).catch(() => null);
	if (stat !== null && is(stat, modes.link)) {
		where = stat.linkTarget;
		stat = await containers.statPath(container, where).catch(() => null);
	}
	if (stat !== null && is(stat, modes.device)) {
		throw new EngineError(
			'invalid_argument',
			`destination "${container}:${path}" must be a directory or a regular file: got a device`,
		);
	}
	return { path: where, exists: stat !== null, isDirectory: stat !== null && is(stat, modes.directory), rebase: '' };
}

function counter(stream: AsyncIterable<Uint8Array>): { readonly stream: AsyncIterable<Uint8Array>; bytes(): number } {
	let bytes = 0;
	async function* counted(): AsyncGenerator<Uint8Array> {
		for await (const chunk of stream) {
			bytes += chunk.length;
			yield chunk;
		}
	}
	return { stream: counted(), bytes: () => bytes };
}

/** Without a word from the user, only a terminal is told. */
async function report(context: Context, flags: Flags, bytes: number, target: string): Promise<void> {
	const quiet = flags.changed('quiet') ? flags.bool('quiet') : !(await context.stdout.isTerminal());
	if (!quiet) context.stderr.write(`Successfully copied ${humanSize(bytes, 3)} to ${target}\n`);
}
