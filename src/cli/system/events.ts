import type { EventMessage } from '../../api/system.ts';
import { systemOf } from '../../client/system.ts';
import { type CommandDef, noArguments, string } from '../command.ts';
import { filterFlag, listFormat, parseFilters } from '../filters.ts';
import { apiTime, localNanoTime } from '../times.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Show what happens in the engine, as it happens',
	arity: noArguments,
	flags: [
		filterFlag(),
		listFormat,
		string('since', '', 'Begin with what happened since a time or for a while'),
		string('until', '', 'End at a time'),
	],
	async run(context, flags) {
		const now = Date.now();
		const events = systemOf(await context.client()).events({
			since: apiTime(flags.string('since'), now),
			until: apiTime(flags.string('until'), now),
			filters: parseFilters(flags.list('filter')),
		});
		const print = await printerOf(flags.string('format'));
		for await (const event of events) {
			context.stdout.write(`${print(event)}\n`);
			await context.stdout.flush();
		}
		return 0;
	},
};

type Event = EventMessage & { readonly raw: string; readonly nano: bigint };

async function printerOf(format: string): Promise<(event: Event) => string> {
	if (format === '') return eventLine;
	if (format === 'json' || /^\{\{\s*json\s+\.\s*\}\}$/.test(format)) return (event) => event.raw;
	const { compileTemplate, parsingError, TemplateError } = await import('../../lib/template/template.ts');
	try {
		const render = compileTemplate(format, { missing: 'no-value' });
		return ({ raw: _raw, nano: _nano, ...event }) => render(event);
	} catch (error) {
		throw error instanceof TemplateError ? parsingError(error) : error;
	}
}

function eventLine({ nano, Type, Action, Actor }: Event): string {
	const attributes = Object.entries(Actor?.Attributes ?? {})
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => `${name}=${value}`);
	const more = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`;
	return `${localNanoTime(nano)} ${Type} ${Action} ${Actor?.ID}${more}`;
}
