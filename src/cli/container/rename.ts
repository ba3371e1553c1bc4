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
		await containersOf(await context.client()).rename(from.trim(), to.trim());
		return 0;
	},
};
