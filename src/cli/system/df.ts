import { type DiskUsageAnswer, systemOf } from '../../client/system.ts';
import { compileTemplate, parsingError, TemplateError } from '../../lib/template/template.ts';
import { bool, type CommandDef, noArguments } from '../command.ts';
import { headers as containerHeaders } from '../container/rows.ts';
import { listFormat } from '../filters.ts';
import { headers as imageHeaders } from '../image/rows.ts';
import { formatList } from '../render/table.ts';
import { detailRows, summaryRows } from './df-rows.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Show what takes space on the disk',
	arity: noArguments,
	flags: [listFormat, bool('verbose', 'v', 'Show every object by itself')],
	async run(context, flags) {
		const usage = await systemOf(await context.client()).diskUsage();
		const format = flags.string('format');
		if (!flags.bool('verbose')) context.stdout.write(summaryText(usage, format));
		else if (format === '' || format === 'table') context.stdout.write(detailText(usage));
		else context.stdout.write(detailTemplate(usage, format));
		return 0;
	},
};

const summaryHeaders = {
	Type: 'TYPE',
	TotalCount: 'TOTAL',
	Active: 'ACTIVE',
	Size: 'SIZE',
	Reclaimable: 'RECLAIMABLE',
};

function summaryText(usage: DiskUsageAnswer, format: string): string {
	try {
		return formatList({
			format,
			defaultTable: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
			headers: summaryHeaders,
			typeName: '*formatter.diskUsageImagesContext',
			rows: summaryRows(usage),
		});
	} catch (error) {
		if (!(error instanceof TemplateError)) throw error;
		throw new TemplateError(error.message.replace(/^failed to execute template: /, 'template parsing error: '));
	}
}

function detailText(usage: DiskUsageAnswer): string {
	const { Images, Containers, Volumes, BuildCache } = detailRows(usage, true, Date.now());
	const table = (columns: readonly string[], headers: Readonly<Record<string, string>>, rows: readonly object[]) =>
		formatList({
			format: '',
			defaultTable: columns.map((name) => `{{.${name}}}`).join('\t'),
			headers,
			typeName: '',
			rows,
		});
	const images = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'];
	const containers = ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'];
	const cacheSize = summaryRows(usage).find(({ Type }) => Type === 'Build Cache')?.Size ?? '';
	return [
		`Images space usage:\n\n${table(images, imageHeaders, Images)}`,
		`Containers space usage:\n\n${table(containers, containerHeaders, Containers)}`,
		`Local Volumes space usage:\n\n${table(['Name', 'Links', 'Size'], volumeHeaders, Volumes)}`,
		`Build cache usage: ${cacheSize}\n\n${table(cacheColumns, cacheHeaders, BuildCache)}`,
	].join('\n');
}

const volumeHeaders = { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' };
const cacheColumns = ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'];
const cacheHeaders = {
	ID: 'CACHE ID',
	CacheType: 'CACHE TYPE',
	Size: 'SIZE',
	CreatedSince: 'CREATED',
	LastUsedSince: 'LAST USED',
	UsageCount: 'USAGE',
	Shared: 'SHARED',
};

/** All objects in one template, without a line's end of its own. */
function detailTemplate(usage: DiskUsageAnswer, format: string): string {
	const details = detailRows(usage, false, Date.now());
	const source = format === 'json' ? '{{json .}}' : format.replace(/^table\s+/, '');
	// Rows print as JSON with their members in order, and without their methods.
	const sorted = Object.fromEntries(Object.entries(details).map(([name, rows]) => [name, rows.map(inOrder)]));
	const text = compile(source)(sorted);
	return /^\{\{\s*json\s[^}]*\}\}$/.test(source) ? escapeAsGo(text) : text;
}

function compile(source: string): (value: unknown) => string {
	try {
		return compileTemplate(source, { missing: 'field-error', typeName: '*formatter.diskUsageContext' });
	} catch (error) {
		throw error instanceof TemplateError ? parsingError(error) : error;
	}
}

/** Go's encoder keeps what means something in HTML out of its JSON. */
function escapeAsGo(json: string): string {
	return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}

function inOrder(row: object): object {
	const members = Object.entries(row).filter(([, value]) => typeof value !== 'function');
	return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
