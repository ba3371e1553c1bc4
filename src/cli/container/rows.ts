import type { ContainerSummary, Port } from '../../api/container.ts';
import { quote } from '../../lib/template/unquote.ts';
import { ellipsis, humanDuration, humanSize, shortId } from '../render/units.ts';
import { goTime } from '../times.ts';

/** Column headers of the list of containers. */
export const headers: Readonly<Record<string, string>> = {
	ID: 'CONTAINER ID',
	Names: 'NAMES',
	Image: 'IMAGE',
	Command: 'COMMAND',
	CreatedAt: 'CREATED AT',
	RunningFor: 'CREATED',
	Platform: 'PLATFORM',
	Ports: 'PORTS',
	State: 'STATE',
	Status: 'STATUS',
	Size: 'SIZE',
	Labels: 'LABELS',
	Mounts: 'MOUNTS',
	LocalVolumes: 'LOCAL VOLUMES',
	Networks: 'NETWORKS',
};

/** What a template may name of a container. `now`: milliseconds. */
export function containerRow(container: ContainerSummary, truncate: boolean, now: number) {
	const labels = container.Labels ?? {};
	const created = (container.Created ?? 0) * 1000;
	const mounts = container.Mounts ?? [];
	const names = (container.Names ?? []).map((name) => name.replace(/^\//, ''));
	return {
		ID: truncate ? shortId(container.Id ?? '') : (container.Id ?? ''),
		Names: (truncate ? names.filter((name) => !name.includes('/')) : names).join(','),
		Image: imageOf(container, truncate),
		Command: quote(truncate ? ellipsis(container.Command ?? '', 20) : (container.Command ?? '')),
		get CreatedAt() {
			return goTime(created);
		},
		RunningFor: `${humanDuration(now - created)} ago`,
		Platform: platformOf(container),
		Ports: displayPorts(container.Ports ?? []),
		State: container.State ?? '',
		Status: container.Status ?? '',
		Size: sizeOf(container),
		Labels: Object.entries(labels)
			.map(([name, value]) => `${name}=${value}`)
			.sort()
			.join(','),
		Label: (name: string) => labels[name] ?? '',
		Mounts: mounts
			.map((mount) => (mount.Name === undefined || mount.Name === '' ? (mount.Source ?? '') : mount.Name))
			.map((name) => (truncate ? ellipsis(name, 15) : name))
			.join(','),
		LocalVolumes: String(mounts.filter((mount) => mount.Driver === 'local').length),
		Networks: Object.keys(container.NetworkSettings?.Networks ?? {})
			.sort()
			.join(','),
	};
}

/** The image's platform as JSON has it; null when the daemon does not tell. */
function platformOf({ ImageManifestDescriptor }: ContainerSummary): unknown {
	return ImageManifestDescriptor?.platform ?? null;
}

function sizeOf({ SizeRw, SizeRootFs }: ContainerSummary): string {
	const own = humanSize(SizeRw ?? 0);
	const virtual = SizeRootFs ?? 0;
	return virtual > 0 ? `${own} (virtual ${humanSize(virtual)})` : own;
}

function imageOf({ Image = '', ImageID = '' }: ContainerSummary, truncate: boolean): string {
	if (Image === '') return '<no image>';
	if (!truncate) return Image;
	if (shortId(ImageID) === shortId(Image)) return shortId(Image);
	// With a tag as well, the digest only takes room.
	const match = /^(.*:[\w.-]+)@sha256:[0-9a-f]+$/.exec(Image);
	return match?.[1] ?? Image;
}

interface Group {
	readonly ip: string;
	readonly type: string;
	first: number;
	last: number;
}

/** Ports as lists show them: `0.0.0.0:8080->80/tcp, 443/tcp`; ranges that are the same on both sides are joined. */
export function displayPorts(ports: readonly Port[]): string {
	const sorted = [...ports].sort(
		(a, b) =>
			(a.PrivatePort ?? 0) - (b.PrivatePort ?? 0) ||
			compare(a.IP ?? '', b.IP ?? '') ||
			(a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
			compare(a.Type ?? '', b.Type ?? ''),
	);
	const open = new Map<string, Group>();
	const done: string[] = [];
	const mapped: string[] = [];
	for (const { IP: ip = '', PrivatePort: port = 0, PublicPort, Type: type = 'tcp' } of sorted) {
		if (ip !== '' && PublicPort !== port) {
			mapped.push(`${hostPort(ip, String(PublicPort ?? 0))}->${port}/${type}`);
			continue;
		}
		const key = `${ip}/${type}`;
		const group = open.get(key);
		if (group !== undefined && port === group.last + 1) group.last = port;
		else {
			if (group !== undefined) done.push(printGroup(group));
			open.set(key, { ip, type, first: port, last: port });
		}
	}
	return [...done, ...[...open.values()].map(printGroup), ...mapped].join(', ');
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

function hostPort(ip: string, port: string): string {
	return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

function printGroup({ ip, type, first, last }: Group): string {
	const range = first === last ? String(first) : `${first}-${last}`;
	return `${ip === '' ? '' : `${hostPort(ip, range)}->`}${range}/${type}`;
}
