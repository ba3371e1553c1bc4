import { open } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';
import type { Arity, CommandDef, Context } from '../command.ts';
import { writeArchive } from '../contexts/archive.ts';
import { checkContextName, defaultContext } from '../contexts/name.ts';
import { contextsOf, defaultChoice, defaultDescription, defaultMeta } from '../contexts/of-command.ts';
import { dockerMeta } from '../contexts/stored-context.ts';

const oneOrTwo: Arity = { min: 1, max: 2 };

export const command: CommandDef = {
	usage: 'CONTEXT [FILE|-]',
	summary: 'Write a context into a tar file, or to standard output with -',
	arity: oneOrTwo,
	flags: [],
	async run(context, _flags, [name = '', file]) {
		if (name !== defaultContext) checkContextName(name);
		const parts = writeArchive(await load(context, name));
		if (file === '-') {
			if (await context.stdout.isTerminal()) {
				throw new EngineError('invalid_argument', 'cowardly refusing to export to a terminal, specify a file path');
			}
			for (const part of parts) context.stdout.write(part);
			return 0;
		}
		const path = file ?? `${name}.dockercontext`;
		await writeNew(path, parts);
		context.stderr.write(`Written file "${path}"\n`);
		return 0;
	},
};

async function load(context: Context, name: string) {
	if (name === defaultContext) {
		const { endpoint, tls } = await defaultChoice(context);
		const meta = defaultMeta(context, defaultDescription);
		return { context: { ...meta, Endpoints: { docker: dockerMeta(endpoint) } }, tls };
	}
	const store = contextsOf(context);
	return { context: await store.read(name), tls: await store.readTls(name) };
}

/** The file holds keys: it is for its owner alone, and nothing that is there is written over. */
async function writeNew(path: string, parts: Iterable<Uint8Array>): Promise<void> {
	let file: Awaited<ReturnType<typeof open>>;
	try {
		file = await open(path, 'wx', 0o600);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : '';
		if (code === 'EEXIST') throw new EngineError('conflict', `open ${path}: file exists`);
		if (code === 'ENOENT') throw new EngineError('not_found', `open ${path}: no such file or directory`);
		throw error;
	}
	try {
		for (const part of parts) await file.writeFile(part);
	} finally {
		await file.close();
	}
}
