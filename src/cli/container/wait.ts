import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { atLeast, type CommandDef } from '../command.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Wait for containers to stop and print their exit codes',
	arity: atLeast(1),
	flags: [],
	async run(context, _flags, names) {
		const containers = containersOf(await context.client());
		const failures: string[] = [];
		for (const name of names) {
			try {
				const { StatusCode, Error: failure } = await (await containers.wait(name, undefined)).result;
				if (failure?.Message) failures.push(failure.Message);
				else context.stdout.write(`${StatusCode}\n`);
				await context.stdout.flush();
			} catch (error) {
				if (!(error instanceof EngineError)) throw error;
				failures.push(error.message);
			}
		}
		for (const failure of failures) context.stderr.write(`${failure}\n`);
		return failures.length === 0 ? 0 : 1;
	},
};
