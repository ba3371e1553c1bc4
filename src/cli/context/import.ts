import { createReadStream } from 'node:fs';
import { EngineError } from '../../errors.ts';
import { type CommandDef, exactly } from '../command.ts';
import { readArchive } from '../contexts/archive.ts';
import { checkContextName } from '../contexts/name.ts';
import { contextsOf } from '../contexts/of-command.ts';
import { refuseTaken } from './create.ts';

export const command: CommandDef = {
	usage: 'CONTEXT FILE|-',
	summary: 'Read a context from a tar or zip file, or from standard input with -',
	arity: exactly(2),
	flags: [],
	async run(context, _flags, [name = '', file = '']) {
		checkContextName(name);
		const store = contextsOf(context);
		await refuseTaken(store, name);
		const archive = await readArchive(file === '-' ? Bun.stdin.stream() : fileBytes(file));
		await store.write({ ...archive.context, Name: name }, archive.tls);
		context.stdout.write(`${name}\n`);
		await context.stdout.flush();
		context.stderr.write(`Successfully imported context "${name}"\n`);
		return 0;
	},
};

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
	try {
		yield* createReadStream(path);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : '';
		if (code === 'ENOENT') throw new EngineError('not_found', `open ${path}: no such file or directory`);
		if (code === 'EISDIR') throw new EngineError('invalid_argument', `read ${path}: is a directory`);
		if (code === 'EACCES') throw new EngineError('forbidden', `open ${path}: permission denied`);
		throw error;
	}
}
