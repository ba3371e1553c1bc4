import { containersOf } from '../../client/containers.ts';
import { bool, type CommandDef, noArguments, value } from '../command.ts';
import { filterFlag, listFormat, parseFilters } from '../filters.ts';
import { integerFlag } from '../options/numbers.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'List containers',
	arity: noArguments,
	flags: [
		bool('all', 'a', 'Show those that do not run, too'),
		filterFlag(),
		listFormat,
		{
			...value('last', 'n', 'int', 'Show the last ones created, whatever their state', integerFlag('int')),
			default: '-1',
		},
		bool('latest', 'l', 'Show the last one created, whatever its state'),
		bool('no-trunc', '', 'Show everything in full'),
		bool('quiet', 'q', 'Show ids only'),
		bool('size', 's', 'Show sizes'),
	],
	async run(context, flags) {
		const client = await context.client();
		const quiet = flags.bool('quiet');
		const given = flags.string('format');
		const format = given === '' && !quiet ? ((await context.config()).psFormat ?? '') : given;
		if (format !== '') await checkTemplate(format);
		const last = flags.bool('latest') && !flags.changed('last') ? 1 : flags.number('last');
		const size = flags.bool('size');
		const containers = await containersOf(client).list({
			all: flags.bool('all'),
			limit: last > 0 ? last : undefined,
			size: size || (!quiet && /\{\{[^}]*\.Size\b/.test(format)),
			filters: parseFilters(flags.list('filter')),
		});
		const { containerRow, headers } = await import('./rows.ts');
		const rows = containers.map((container) => containerRow(container, !flags.bool('no-trunc'), Date.now()));
		if (quiet && (given === '' || given === 'table')) {
			context.stdout.write(rows.map((row) => `${row.ID}\n`).join(''));
			return 0;
		}
		const { formatList } = await import('../render/table.ts');
		const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(size ? ['Size'] : [])];
		context.stdout.write(
			formatList({
				format,
				defaultTable: columns.map((name) => `{{.${name}}}`).join('\t'),
				headers,
				typeName: '*formatter.ContainerContext',
				rows,
			}),
		);
		return 0;
	},
};

/** Finds a wrong template before anything is asked of the daemon. @throws TemplateError */
async function checkTemplate(format: string): Promise<void> {
	const { compileTemplate, TemplateError } = await import('../../lib/template/template.ts');
	const { containerRow } = await import('./rows.ts');
	const attempt = <T>(doing: string, act: () => T): T => {
		try {
			return act();
		} catch (error) {
			if (!(error instanceof TemplateError)) throw error;
			throw new TemplateError(`failed to ${doing} template: ${error.message}`);
		}
	};
	const typeName = '*formatter.ContainerContext';
	const render = attempt('parse', () => compileTemplate(format, { missing: 'field-error', typeName }));
	attempt('execute', () => render(containerRow({}, true, 0)));
}
