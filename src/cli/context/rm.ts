import { EngineError, messageOf } from '../../errors.ts';
import { atLeast, bool, type CommandDef, type Context } from '../command.ts';
import { configFolder, writeConfigFile } from '../config-file.ts';
import { defaultContext } from '../contexts/name.ts';
import { contextsOf, currentName } from '../contexts/of-command.ts';

export const command: CommandDef = {
	usage: 'CONTEXT [CONTEXT...]',
	summary: 'Remove contexts',
	arity: atLeast(1),
	flags: [bool('force', 'f', 'Remove the context in use, too, and do not mind one that is not there')],
	async run(context, flags, names) {
		const failures: string[] = [];
		const current = await currentName(context);
		for (const name of names) {
			try {
				await removeOne(context, name, current === name, flags.bool('force'));
				context.stdout.write(`${name}\n`);
			} catch (error) {
				if (!(error instanceof EngineError)) throw error;
				failures.push(messageOf(error));
			}
		}
		await context.stdout.flush();
		for (const failure of failures) context.stderr.write(`${failure}\n`);
		return failures.length === 0 ? 0 : 1;
	},
};

async function removeOne(context: Context, name: string, inUse: boolean, force: boolean): Promise<void> {
	if (name === defaultContext) throw new EngineError('invalid_argument', 'context "default" cannot be removed');
	const store = contextsOf(context);
	if (!force) {
		const { stat } = await import('node:fs/promises');
		const there = await stat(store.foldersOf(name).meta).then(
			() => true,
			() => false,
		);
		if (!there) throw new EngineError('not_found', `context "${name}" does not exist`);
		if (inUse) throw new EngineError('conflict', `context "${name}" is in use, set -f flag to force remove`);
	}
	if ((await context.config()).currentContext === name) {
		const folder = configFolder(context.globals.string('config'), context.env);
		await writeConfigFile(folder, { currentContext: undefined });
	}
	await store.remove(name);
}
