import { networksOf } from '../../client/networks.ts';
import { atLeast, bool, type CommandDef } from '../command.ts';
import { objectFormat } from '../filters.ts';
import { inspectObjects } from '../inspect-objects.ts';

export const command: CommandDef = {
	usage: 'NETWORK [NETWORK...]',
	summary: 'Show all that is known of networks',
	arity: atLeast(1),
	flags: [objectFormat, bool('verbose', 'v', 'Show more, for diagnosis')],
	async run(context, flags, names) {
		const networks = networksOf(await context.client());
		const verbose = flags.bool('verbose');
		return inspectObjects(context, names, flags.string('format'), (name) => networks.inspect(name, verbose));
	},
};
