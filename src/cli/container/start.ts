import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { atLeast, bool, type CommandDef, string } from '../command.ts';
import { forEach } from '../each.ts';

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
			const code = await forEach(context, names, async (name) => {
				await containers.start(name);
				return name;
			});
			if (code !== 0) context.stderr.write(`Error: failed to start containers: ${names.join(', ')}\n`);
			return code;
		}
		if (names.length > 1)
			throw new EngineError('invalid_argument', 'you cannot start and attach multiple containers at once');
		const { Id = '', Config, HostConfig } = await containers.inspect(names[0] ?? '');
		const { attachAndFollow } = await import('./attach-and-follow.ts');
		return attachAndFollow(context, {
			id: Id,
			tty: Config?.Tty === true,
			stdin: flags.bool('interactive') && Config?.OpenStdin === true,
			detachKeys: flags.string('detach-keys'),
			sigProxy: flags.bool('attach') && Config?.Tty !== true,
			waitFor: HostConfig?.AutoRemove === true ? 'removed' : 'next-exit',
			start: () => containers.start(Id),
		});
	},
};
