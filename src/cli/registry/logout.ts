import type { CommandDef } from '../command.ts';
import { configFolder, writeConfigFile } from '../config-file.ts';
import { eraseAccount, hubKey, keyOf } from './credentials.ts';

export const command: CommandDef = {
	usage: '[SERVER]',
	summary: 'Log out of a registry; without SERVER, of Docker Hub',
	arity: { min: 0, max: 1 },
	flags: [],
	async run(context, _flags, [server = '']) {
		const key = keyOf(server);
		// Earlier clients kept it under the address as it was typed.
		const spellings = key === hubKey ? [hubKey] : [...new Set([server, key, `http://${key}`, `https://${key}`])];
		context.stdout.write(`Removing login credentials for ${key}\n`);
		await context.stdout.flush();
		const folder = configFolder(context.globals.string('config'), context.env);
		const failures = await eraseAccount(await context.config(), spellings, (members) =>
			writeConfigFile(folder, members),
		);
		if (failures.length === spellings.length) {
			context.stderr.write('WARNING: could not erase credentials:\n');
			for (const failure of failures) context.stderr.write(`${failure}\n`);
		}
		return 0;
	},
};
