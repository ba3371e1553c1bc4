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
		const print = await printerOf(flags.string('format')).catch((error: unknown) => {
			if (!(error instanceof Error && error.name === 'TemplateError')) throw error;
			context.stderr.write(`Error parsing format: ${error.message}\n`);
			return null;
		});
		if (print === null) return wrongUsage;
		const now = Date.now();
		const events = systemOf(await context.client()).events({
			since: apiTime(flags.string('since'), now),
			until: apiTime(flags.string('until'), now),
			filters: parseFilters(flags.list('filter')),
		});
		for await (const event of events) {
			context.stdout.write(`${print(event)}\n`);
			await context.stdout.flush();
		}
		return 0;
	},
};

/** The exit code of a template that cannot be. */
const wrongUsage = 64;

/** All members of an event, none of them set. */
const emptyEvent = {
	Status: '',
	ID: '',
	From: '',
	Type: '',
	Action: '',
	Actor: { ID: '', Attributes: {} },
	Scope: '',
	Time: 0,
	TimeNano: 0,
};

type Event = EventMessage & { readonly raw: string; readonly nano: bigint };

async function printerOf(format: string): Promise<(event: Event) => string> {
	if (format === '') return eventLine;
	if (format === 'json' || /^\{\{\s*json\s+\.\s*\}\}$/.test(format)) return (event) => event.raw;
	const { compileTemplate } = await import('../../lib/template/template.ts');
	// What is no member of an event is told before the first one comes.
	compileTemplate(format, {
		missing: 'field-error',
		typeName: '*events.Message',
		maps: new Set(['Attributes']),
	})(emptyEvent);
	const render = compileTemplate(format, { missing: 'no-value' });
	return ({ raw: _raw, nano: _nano, ...event }) => render(withFieldNames(event));
}

/** Members that events of containers and images have since before types and actors. */
interface OldMembers {
	readonly status?: string;
	readonly id?: string;
	readonly from?: string;
}

/** The event with the names that Go's fields have, too, out of the sight of `json`. */
function withFieldNames(event: EventMessage & OldMembers): EventMessage {
	const { status = '', id = '', from = '', scope = '', time = 0, timeNano = 0 } = event;
	const fields = { Status: status, ID: id, From: from, Scope: scope, Time: time, TimeNano: timeNano };
	for (const [name, value] of Object.entries(fields)) Object.defineProperty(event, name, { value, enumerable: false });
	return event;
}

function eventLine({ nano, Type, Action, Actor }: Event): string {
	const attributes = Object.entries(Actor?.Attributes ?? {})
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => `${name}=${value}`);
	const more = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`;
	return `${localNanoTime(nano)} ${Type} ${Action} ${Actor?.ID}${more}`;
}
