import { containersOf } from '../../client/containers.ts';
import { atLeast, type CommandDef, string, value } from '../command.ts';
import { forEach } from '../each.ts';
import { integerFlag } from '../options/numbers.ts';

const timeout = value('timeout', 't', 'int', 'Seconds to wait before killing; -1: for ever', integerFlag('int'));

/** `stop` and `restart`: the same flags, another request. */
export function endingCommand(verb: 'stop' | 'restart', summary: string): CommandDef {
	return {
		usage: 'CONTAINER [CONTAINER...]',
		summary,
		arity: atLeast(1),
		flags: [
			string('signal', 's', 'Signal to send instead of the one of the container'),
			timeout,
			{ ...timeout, name: 'time', as: 'timeout', hidden: true },
		],
		async run(context, flags, names) {
			const containers = containersOf(await context.client());
			const signal = flags.string('signal') === '' ? undefined : flags.string('signal');
			const t = flags.changed('timeout') ? flags.number('timeout') : undefined;
			return forEach(context, names, async (name) => {
				await containers[verb](name, { t, signal });
				return name;
			});
		},
	};
}
