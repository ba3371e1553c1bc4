import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { atLeast, bool, type CommandDef, type Context, string } from '../command.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Start stopped containers',
	arity: atLeast(1),
	flags: [
		{ ...string('checkpoint', '', 'Restore this checkpoint'), hidden: true, experimental: true },
		{ ...string('checkpoint-dir', '', 'Folder of the checkpoints'), hidden: true, experimental: true },
		bool('attach', 'a', 'Show its output and pass signals on'),
		string('detach-keys', '', 'Keys that leave the container running (default: ctrl-p,ctrl-q)'),
		bool('interactive', 'i', 'Send standard input'),
	],
	async run(context, flags, names) {
		const containers = containersOf(await context.client());
		if (!flags.bool('attach') && !flags.bool('interactive')) {
			return startInTurn(context, names, (name) => containers.start(name));
		}
		if (names.length > 1)
			throw new EngineError('invalid_argument', 'you cannot start and attach multiple containers at once');
		const { Id = '', Config, HostConfig } = await containers.inspect(names[0] ?? '');
		const { attachAndFollow } = await import('./attach-and-follow.ts');
		return attachAndFollow(context, {
			id: Id,
			tty: Config?.Tty === true,
			stdin: flags.bool('interactive') && Config?.OpenStdin === true,
			detachKeys: await detachKeysOf(context, flags),
			sigProxy: flags.bool('attach') && Config?.Tty !== true,
			waitFor: HostConfig?.AutoRemove === true ? 'removed' : 'next-exit',
			start: () => containers.start(Id),
		});
	},
};

/** One after the other, as a later one may need an earlier one; each outcome is told as it comes. */
async function startInTurn(
	{ stdout, stderr }: Context,
	names: readonly string[],
	start: (name: string) => Promise<void>,
): Promise<number> {
	const failed: string[] = [];
	for (const name of names) {
		try {
			await start(name);
			stdout.write(`${name}\n`);
			await stdout.flush();
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			failed.push(name);
			stderr.write(`${error.message}\n`);
			await stderr.flush();
		}
	}
	if (failed.length === 0) return 0;
	stderr.write(`Error: failed to start containers: ${failed.join(', ')}\n`);
	return 1;
}
