import { codeOf, EngineError } from '../../errors.ts';
import { type CommandDef, type Context, exactly, string } from '../command.ts';
import { dockerFlag, readEndpoint } from '../contexts/endpoint-options.ts';
import { checkContextName, defaultContext } from '../contexts/name.ts';
import { contextsOf, defaultChoice, defaultDescription, defaultMeta } from '../contexts/of-command.ts';
import type { ContextStore, TlsMaterial } from '../contexts/store.ts';
import { describedAs, dockerMeta, type StoredContext } from '../contexts/stored-context.ts';
import type { Flags } from '../flags.ts';

export const command: CommandDef = {
	usage: 'CONTEXT',
	summary: 'Keep the address of a daemon under a name',
	arity: exactly(1),
	flags: [
		string('description', '', 'What the context is for'),
		dockerFlag,
		string('from', '', 'Copy another context, all but its name'),
	],
	async run(context, flags, [name = '']) {
		const store = contextsOf(context);
		checkContextName(name);
		await refuseTaken(store, name);
		const { meta, tls } = await wantedContext(context, store, flags);
		await store.write({ ...meta, Name: name }, tls);
		context.stdout.write(`${name}\n`);
		await context.stdout.flush();
		context.stderr.write(`Successfully created context "${name}"\n`);
		return 0;
	},
};

/** Refuses a name that a context has already. @throws EngineError `conflict` */
export async function refuseTaken(store: ContextStore, name: string): Promise<void> {
	try {
		await store.read(name);
	} catch (error) {
		if (codeOf(error) === 'not_found') return;
		// One that cannot be read is there, too.
		if (codeOf(error) !== 'corrupt') throw error;
	}
	throw new EngineError('conflict', `context "${name}" already exists`);
}

interface Wanted {
	readonly meta: StoredContext;
	readonly tls: TlsMaterial;
}

async function wantedContext(context: Context, store: ContextStore, flags: Flags): Promise<Wanted> {
	const from = flags.string('from');
	const docker = flags.list('docker');
	if (docker.length === 0) return copyOf(context, store, flags, from === '' ? defaultContext : from);
	if (from !== '') throw new EngineError('invalid_argument', 'cannot use --docker flag when --from is set');
	const { endpoint, tls } = await readEndpoint(docker, store, () => defaultChoice(context));
	const Metadata = describedAs({}, flags.string('description'));
	return { meta: { Name: '', Metadata, Endpoints: { docker: dockerMeta(endpoint) } }, tls };
}

async function copyOf(context: Context, store: ContextStore, flags: Flags, from: string): Promise<Wanted> {
	const described = (meta: StoredContext) =>
		flags.string('description') === ''
			? meta
			: { ...meta, Metadata: describedAs(meta.Metadata, flags.string('description')) };
	if (from !== defaultContext) return { meta: described(await store.read(from)), tls: await store.readTls(from) };
	const { endpoint, tls } = await defaultChoice(context);
	const meta = { ...defaultMeta(context, defaultDescription), Endpoints: { docker: dockerMeta(endpoint) } };
	return { meta: described(meta), tls };
}
