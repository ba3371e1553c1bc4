import { containersOf } from '../../client/containers.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { atLeast, bool, type CommandDef } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Remove containers',
	arity: atLeast(1),
	flags: [
		bool('force', 'f', 'Kill it first if it runs'),
		bool('link', 'l', 'Remove a link, not the container'),
		bool('volumes', 'v', 'Remove its anonymous volumes, too'),
	],
	async run(context, flags, names) {
		const containers = containersOf(await context.client());
		const query = { force: flags.bool('force'), v: flags.bool('volumes'), link: flags.bool('link') };
		return forEach(context, names, async (name) => {
			try {
				await containers.remove(name.replace(/^\/+/, ''), query);
				return name;
			} catch (error) {
				// With --force it is as wished: gone.
				if (!query.force || codeOf(error) !== 'not_found') throw error;
				context.stderr.write(`${messageOf(error)}\n`);
				return null;
			}
		});
	},
};
