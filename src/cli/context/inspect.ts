import { atLeast, type CommandDef, type Context } from '../command.ts';
import { defaultContext } from '../contexts/name.ts';
import { contextsOf, currentName, defaultChoice, defaultMeta } from '../contexts/of-command.ts';
import { dockerMeta } from '../contexts/stored-context.ts';
import { objectFormat } from '../filters.ts';
import { inspectObjects } from '../inspect-objects.ts';

const inMemory = '<IN MEMORY>';

export const command: CommandDef = {
	usage: '[CONTEXT] [CONTEXT...]',
	summary: 'Show all that is known of contexts',
	arity: atLeast(0),
	flags: [objectFormat],
	async run(context, flags, names) {
		const wanted = names.length === 0 ? [await currentName(context)] : names;
		const find = (name: string) => describe(context, name);
		return inspectObjects(context, wanted, flags.string('format'), find, escapeHtml);
	},
};

async function describe(context: Context, name: string): Promise<unknown> {
	if (name === defaultContext) {
		const { endpoint, tls } = await defaultChoice(context);
		return {
			Name: name,
			Metadata: defaultMeta(context, '').Metadata,
			Endpoints: { docker: dockerMeta(endpoint) },
			TLSMaterial: Object.fromEntries([...tls].map(([one, files]) => [one, [...files.keys()]])),
			Storage: { MetadataPath: inMemory, TLSPath: inMemory },
		};
	}
	const store = contextsOf(context);
	const { Metadata, Endpoints } = await store.read(name);
	const { meta, tls } = store.foldersOf(name);
	return {
		Name: name,
		Metadata,
		Endpoints,
		TLSMaterial: await store.listTls(name),
		Storage: { MetadataPath: meta, TLSPath: tls },
	};
}

/** JSON as Docker's client writes it: safe inside of HTML. Outside of strings JSON has none of these. */
function escapeHtml(json: string): string {
	return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}
