import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { type CommandDef, exactly } from '../command.ts';

export const command: CommandDef = {
	usage: 'CONTAINER NEW_NAME',
	summary: 'Give a container another name',
	arity: exactly(2),
	flags: [],
	async run(context, _flags, [from = '', to = '']) {
		if (from.trim() === '' || to.trim() === '') {
			throw new EngineError('invalid_argument', 'Error: Neither old nor new names may be empty');
		}
		try {
			await containersOf(await context.client()).rename(from.trim(), to.trim());
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			context.stderr.write(`${error.message}\nError: failed to rename container named ${from}\n`);
			return 1;
		}
		return 0;
	},
};
