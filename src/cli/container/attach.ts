import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { bool, type CommandDef, exactly, string } from '../command.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';
import { attachAndFollow } from './attach-and-follow.ts';

export const command: CommandDef = {
	usage: 'CONTAINER',
	summary: 'Connect to the streams of a running container',
	arity: exactly(1),
	flags: [
		string('detach-keys', '', 'Keys that leave the container running (default: ctrl-p,ctrl-q)'),
		bool('no-stdin', '', 'Do not send standard input'),
		{ ...bool('sig-proxy', '', 'Pass signals on to the process'), default: 'true' },
	],
	async run(context, flags, [name = '']) {
		const containers = containersOf(await context.client());
		const { Id = name, State, Config } = await containers.inspect(name);
		if (State?.Running !== true) {
			throw new EngineError('conflict', 'You cannot attach to a stopped container, start it first');
		}
		if (State.Paused === true) {
			throw new EngineError('conflict', 'You cannot attach to a paused container, unpause it first');
		}
		if (State.Restarting === true) {
			throw new EngineError('conflict', 'You cannot attach to a restarting container, wait until it is running');
		}
		return attachAndFollow(context, {
			id: Id,
			tty: Config?.Tty === true,
			stdin: !flags.bool('no-stdin') && Config?.OpenStdin === true,
			detachKeys: await detachKeysOf(context, flags),
			sigProxy: flags.bool('sig-proxy'),
			waitFor: 'not-running',
			start: null,
		});
	},
};
