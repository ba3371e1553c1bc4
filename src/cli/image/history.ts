import { imagesOf } from '../../client/images.ts';
import { bool, type CommandDef, exactly, string } from '../command.ts';
import { listFormat } from '../filters.ts';
import { formatList } from '../render/table.ts';
import { ellipsis, humanDuration, humanSize, shortId } from '../render/units.ts';
import { localTime } from '../times.ts';

const headers: Readonly<Record<string, string>> = {
	ID: 'IMAGE',
	CreatedSince: 'CREATED',
	CreatedAt: 'CREATED AT',
	CreatedBy: 'CREATED BY',
	Size: 'SIZE',
	Comment: 'COMMENT',
};

export const command: CommandDef = {
	usage: 'IMAGE',
	summary: 'Show the steps that made an image',
	arity: exactly(1),
	flags: [
		listFormat,
		{ ...bool('human', 'H', 'Show sizes and times for people'), default: 'true' },
		bool('no-trunc', '', 'Show everything in full'),
		string('platform', '', 'Platform of the image: os/arch[/variant]'),
		bool('quiet', 'q', 'Show ids only'),
	],
	async run(context, flags, [name = '']) {
		const platform = flags.string('platform') === '' ? undefined : flags.string('platform');
		const items = await imagesOf(await context.client()).history(name, platform);
		const truncate = !flags.bool('no-trunc');
		const human = flags.bool('human');
		const now = Date.now();
		const rows = items.map((item) => {
			const created = item.Created * 1000;
			const by = item.CreatedBy.replaceAll('\t', ' ');
			const known = item.Created > 0;
			const since = human ? `${humanDuration(now - created)} ago` : localTime(created);
			return {
				ID: truncate ? shortId(item.Id) : item.Id,
				CreatedAt: known ? localTime(created) : 'N/A',
				CreatedSince: known ? since : 'N/A',
				CreatedBy: truncate ? ellipsis(by, 45) : by,
				Size: human ? humanSize(item.Size) : String(item.Size),
				Comment: item.Comment,
			};
		});
		const format = flags.string('format');
		if (flags.bool('quiet') && (format === '' || format === 'table')) {
			context.stdout.write(rows.map((row) => `${row.ID}\n`).join(''));
			return 0;
		}
		const since = human ? '{{.CreatedSince}}' : '{{.CreatedAt}}';
		context.stdout.write(
			formatList({
				format,
				defaultTable: `{{.ID}}\t${since}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
				headers,
				typeName: '*formatter.historyContext',
				rows,
			}),
		);
		return 0;
	},
};
