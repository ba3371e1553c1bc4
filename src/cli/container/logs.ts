import { demultiplex } from '../../api/stdcopy.ts';
import { containersOf } from '../../client/containers.ts';
import { EngineError, messageOf } from '../../errors.ts';
import { bool, type CommandDef, exactly, string } from '../command.ts';
import type { Flags } from '../flags.ts';
import { apiTime } from '../times.ts';

export const command: CommandDef = {
	usage: 'CONTAINER',
	summary: 'Show the output of a container',
	arity: exactly(1),
	flags: [
		bool('details', '', 'Show the details that the log keeps'),
		bool('follow', 'f', 'Go on with what is written from now on'),
		string('since', '', 'Only what was written since a time (2024-05-01T10:00:00Z) or for a while (42m)'),
		string('tail', 'n', 'Only the last lines', 'all'),
		bool('timestamps', 't', 'Show when it was written'),
		string('until', '', 'Only what was written before a time or a while ago'),
	],
	async run(context, flags, [name = '']) {
		const containers = containersOf(await context.client());
		const { Config } = await containers.inspect(name);
		const now = Date.now();
		const response = await containers.logs(name, {
			follow: flags.bool('follow'),
			timestamps: flags.bool('timestamps'),
			details: flags.bool('details'),
			tail: flags.string('tail'),
			since: timeFlag(flags, 'since', now),
			until: timeFlag(flags, 'until', now),
		});
		if (Config?.Tty === true) {
			for await (const chunk of response.body) {
				context.stdout.write(chunk);
				await context.stdout.flush();
			}
			return 0;
		}
		for await (const { stream, bytes } of demultiplex(response.body)) {
			const target = stream === 1 ? context.stdout : context.stderr;
			target.write(bytes);
			await target.flush();
		}
		return 0;
	},
};

/** @throws EngineError `invalid_argument` that names the flag. */
function timeFlag(flags: Flags, name: 'since' | 'until', now: number): string | undefined {
	try {
		return apiTime(flags.string(name), now);
	} catch (error) {
		throw new EngineError('invalid_argument', `invalid value for "${name}": ${messageOf(error)}`);
	}
}
