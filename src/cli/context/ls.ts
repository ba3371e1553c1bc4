import { EngineError, messageOf } from '../../errors.ts';
import { bool, type CommandDef, type Context, noArguments } from '../command.ts';
import { defaultContext } from '../contexts/name.ts';
import {
	contextsOf,
	currentName,
	defaultDescription,
	defaultMeta,
	warnOfHostVariable,
} from '../contexts/of-command.ts';
import { byName } from '../contexts/store.ts';
import { descriptionOf, dockerEndpointOf, type StoredContext } from '../contexts/stored-context.ts';
import { listFormat } from '../filters.ts';
import { formatList } from '../render/table.ts';
import { ellipsis } from '../render/units.ts';

const headers: Readonly<Record<string, string>> = {
	Name: 'NAME',
	Description: 'DESCRIPTION',
	DockerEndpoint: 'DOCKER ENDPOINT',
	Error: 'ERROR',
};
const errorWidth = 45;

export const command: CommandDef = {
	usage: '',
	summary: 'List contexts',
	arity: noArguments,
	flags: [listFormat, bool('quiet', 'q', 'Show names only')],
	async run(context, flags) {
		const format = flags.string('format');
		const rows = await rowsOf(context, format === '' || /^table/.test(format));
		if (flags.bool('quiet') && (format === '' || format === 'table')) {
			context.stdout.write(rows.map((row) => `${row.Name}\n`).join(''));
			return 0;
		}
		context.stdout.write(
			formatList({
				format,
				defaultTable: '{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}',
				headers,
				typeName: '*formatter.clientContextContext',
				rows,
			}),
		);
		await context.stdout.flush();
		warnOfHostVariable(context, 'a context');
		return 0;
	},
};

async function rowsOf(context: Context, isTable: boolean) {
	const current = await currentName(context);
	const stored = (await contextsOf(context).list()).filter(({ Name }) => Name !== '' && Name !== defaultContext);
	const rows = [defaultMeta(context, defaultDescription), ...stored].map((one) => rowOf(one, current));
	if (rows.every(({ Name }) => Name !== current)) rows.push(await missingRow(context, current, isTable));
	return rows.sort((a, b) => byName(a.Name, b.Name));
}

function rowOf(stored: StoredContext, current: string) {
	let endpoint = '';
	let problem = '';
	try {
		endpoint = dockerEndpointOf(stored).host;
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		problem = error.message;
	}
	return {
		Current: stored.Name === current,
		Name: stored.Name,
		Description: descriptionOf(stored),
		DockerEndpoint: endpoint,
		Error: problem,
	};
}

/** The context in use is listed even when there is none by its name. */
async function missingRow(context: Context, name: string, isTable: boolean) {
	let problem = '';
	try {
		await contextsOf(context).read(name);
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		problem = messageOf(error);
	}
	const shown = isTable ? ellipsis(problem, errorWidth) : problem;
	return { Current: true, Name: name, Description: '', DockerEndpoint: '', Error: shown };
}
