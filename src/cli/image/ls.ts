import { imagesOf } from '../../client/images.ts';
import { EngineError } from '../../errors.ts';
import { bool, type CommandDef } from '../command.ts';
import { filterFlag, listFormat, parseFilters } from '../filters.ts';
import { formatList } from '../render/table.ts';
import { headers, imageRows } from './rows.ts';

export const command: CommandDef = {
	usage: '[REPOSITORY[:TAG]]',
	summary: 'List images',
	arity: { min: 0, max: 1 },
	flags: [
		bool('all', 'a', 'Show those that others were made of, too'),
		bool('digests', '', 'Show digests'),
		filterFlag(),
		listFormat,
		bool('no-trunc', '', 'Show everything in full'),
		bool('quiet', 'q', 'Show ids only'),
		{ ...bool('tree', '', 'Not supported'), hidden: true },
	],
	async run(context, flags, [name]) {
		if (flags.bool('tree')) throw new EngineError('unsupported', '--tree is not supported');
		const filters = parseFilters(flags.list('filter'));
		if (name !== undefined) filters.set('reference', [...(filters.get('reference') ?? []), name]);
		const quiet = flags.bool('quiet');
		const given = flags.string('format');
		const format = given === '' && !quiet ? ((await context.config()).imagesFormat ?? '') : given;
		const digests = flags.bool('digests') || /\{\{[^}]*\.Digest\b/.test(format);
		const images = await imagesOf(await context.client()).list({ all: flags.bool('all'), digests: false, filters });
		const rows = imageRows(images, {
			truncate: !flags.bool('no-trunc'),
			digests,
			all: flags.bool('all') || filters.get('dangling')?.[0] === 'true',
			now: Date.now(),
		});
		if (quiet && (given === '' || given === 'table')) {
			context.stdout.write(rows.map((row) => `${row.ID}\n`).join(''));
			return 0;
		}
		const digest = flags.bool('digests') ? '\t{{if .Digest}}{{.Digest}}{{else}}<none>{{end}}' : '';
		context.stdout.write(
			formatList({
				format,
				defaultTable: `{{.Repository}}\t{{.Tag}}${digest}\t{{.ID}}\t{{if .CreatedSince}}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.Size}}`,
				headers,
				typeName: '*formatter.imageContext',
				rows,
			}),
		);
		return 0;
	},
};
