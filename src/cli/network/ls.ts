import { networksOf } from '../../client/networks.ts';
import { bool, type CommandDef, noArguments } from '../command.ts';
import { filterFlag, listFormat, parseFilters } from '../filters.ts';
import { formatList } from '../render/table.ts';
import { shortId } from '../render/units.ts';
import { goTime } from '../times.ts';

const headers: Readonly<Record<string, string>> = {
	ID: 'NETWORK ID',
	Name: 'NAME',
	Driver: 'DRIVER',
	Scope: 'SCOPE',
	IPv4: 'IPV4',
	IPv6: 'IPV6',
	Internal: 'INTERNAL',
	Labels: 'LABELS',
	CreatedAt: 'CREATED AT',
};

export const command: CommandDef = {
	usage: '',
	summary: 'List networks',
	arity: noArguments,
	flags: [
		filterFlag(),
		listFormat,
		bool('no-trunc', '', 'Show everything in full'),
		bool('quiet', 'q', 'Show ids only'),
	],
	async run(context, flags) {
		const networks = await networksOf(await context.client()).list(parseFilters(flags.list('filter')));
		const quiet = flags.bool('quiet');
		const given = flags.string('format');
		const rows = networks
			.sort((a, b) => (a.Name ?? '').localeCompare(b.Name ?? '', 'en', { numeric: true }))
			.map((network) => {
				const labels = network.Labels ?? {};
				return {
					ID: flags.bool('no-trunc') ? (network.Id ?? '') : shortId(network.Id ?? ''),
					Name: network.Name ?? '',
					Driver: network.Driver ?? '',
					Scope: network.Scope ?? '',
					IPv4: String(network.EnableIPv4 ?? false),
					IPv6: String(network.EnableIPv6 ?? false),
					Internal: String(network.Internal ?? false),
					Labels: Object.entries(labels)
						.map(([name, value]) => `${name}=${value}`)
						.sort()
						.join(','),
					Label: (name: string) => labels[name] ?? '',
					CreatedAt: goTime(Date.parse(network.Created ?? '') || 0),
				};
			});
		if (quiet && (given === '' || given === 'table')) {
			context.stdout.write(rows.map((row) => `${row.ID}\n`).join(''));
			return 0;
		}
		const format = given === '' ? ((await context.config()).networksFormat ?? '') : given;
		context.stdout.write(
			formatList({
				format,
				defaultTable: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
				headers,
				typeName: '*network.networkContext',
				rows,
			}),
		);
		return 0;
	},
};
