import type { Volume } from '../../api/volume.ts';
import { volumesOf } from '../../client/volumes.ts';
import { bool, type CommandDef, noArguments } from '../command.ts';
import { filterFlag, listFormat, parseFilters } from '../filters.ts';
import { formatList } from '../render/table.ts';

const headers: Readonly<Record<string, string>> = {
	Availability: 'AVAILABILITY',
	Driver: 'DRIVER',
	Group: 'GROUP',
	Labels: 'LABELS',
	Links: 'LINKS',
	Mountpoint: 'MOUNTPOINT',
	Name: 'VOLUME NAME',
	Scope: 'SCOPE',
	Size: 'SIZE',
	Status: 'STATUS',
};

const plainTable = '{{.Driver}}\t{{.Name}}';
const clusterTable = '{{.Name}}\t{{.Group}}\t{{.Driver}}\t{{.Availability}}\t{{.Status}}';
/** What only volumes of a cluster, or a count of the disk, would tell. */
const unknown = 'N/A';

export const command: CommandDef = {
	usage: '',
	summary: 'List volumes',
	arity: noArguments,
	flags: [
		bool('cluster', '', 'Show cluster volumes only'),
		filterFlag(),
		listFormat,
		bool('quiet', 'q', 'Show names only'),
	],
	async run(context, flags) {
		const found = await volumesOf(await context.client()).list(parseFilters(flags.list('filter')));
		const cluster = flags.bool('cluster');
		const rows = found
			.filter(({ ClusterVolume }) => !cluster || (ClusterVolume !== undefined && ClusterVolume !== null))
			.sort((a, b) => (a.Name ?? '').localeCompare(b.Name ?? '', 'en', { numeric: true }))
			.map(rowOf);
		const quiet = flags.bool('quiet');
		const given = flags.string('format');
		if (quiet && (cluster || given === '' || given === 'table')) {
			context.stdout.write(rows.map((row) => `${row.Name}\n`).join(''));
			return 0;
		}
		const configured = given === '' ? ((await context.config()).volumesFormat ?? '') : given;
		const format = cluster ? '' : configured;
		const raw = quiet ? 'name: {{.Name}}' : 'name: {{.Name}}\ndriver: {{.Driver}}\n';
		const typeName = '*formatter.volumeContext';
		const defaultTable = cluster ? clusterTable : plainTable;
		context.stdout.write(formatList({ format, defaultTable, raw, headers, typeName, rows }));
		return 0;
	},
};

/** What a template may name of a volume. */
function rowOf(volume: Volume) {
	const labels = volume.Labels ?? {};
	return {
		Availability: unknown,
		Driver: volume.Driver ?? '',
		Group: unknown,
		Labels: Object.entries(labels)
			.map(([name, value]) => `${name}=${value}`)
			.sort()
			.join(','),
		Label: (name: string) => labels[name] ?? '',
		Links: unknown,
		Mountpoint: volume.Mountpoint ?? '',
		Name: volume.Name ?? '',
		Scope: volume.Scope ?? '',
		Size: unknown,
		Status: unknown,
	};
}
