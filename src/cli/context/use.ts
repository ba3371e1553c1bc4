import { type CommandDef, exactly } from '../command.ts';
import { configFolder, readConfigFile, writeConfigFile } from '../config-file.ts';
import { checkContextName, defaultContext } from '../contexts/name.ts';
import { contextsOf, warnOfHostVariable } from '../contexts/of-command.ts';

export const command: CommandDef = {
	usage: 'CONTEXT',
	summary: 'Choose the context that commands work with',
	arity: exactly(1),
	flags: [],
	async run(context, _flags, [name = '']) {
		if (name !== defaultContext) {
			checkContextName(name);
			await contextsOf(context).read(name);
		}
		const folder = configFolder(context.globals.string('config'), context.env);
		const { currentContext = defaultContext } = await readConfigFile(folder);
		if (currentContext !== name) {
			await writeConfigFile(folder, { currentContext: name === defaultContext ? undefined : name });
		}
		context.stdout.write(`${name}\n`);
		await context.stdout.flush();
		context.stderr.write(`Current context is now "${name}"\n`);
		if (name !== defaultContext) warnOfHostVariable(context, `"${name}"`);
		return 0;
	},
};
