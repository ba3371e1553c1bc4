import type { Volume } from '../../api/volume.ts';
import type { BuildCacheRecord, DiskUsageAnswer } from '../../client/system.ts';
import { containerRow } from '../container/rows.ts';
import { imageRows } from '../image/rows.ts';
import { humanDuration, humanSize } from '../render/units.ts';
import { goTime } from '../times.ts';

const size = (bytes: number) => humanSize(bytes, 4);

/** The line of one kind of object. `percent`: how much of the total could go is told in per cent, too. */
function summary(
	type: string,
	counts: { total: number; active: number },
	bytes: { total: number; free: number; percent: boolean },
) {
	const share = bytes.percent && bytes.total > 0 ? ` (${Math.trunc((bytes.free * 100) / bytes.total)}%)` : '';
	return {
		// In the order of their names: so they print as JSON.
		Active: String(counts.active),
		Reclaimable: `${size(bytes.free)}${share}`,
		Size: size(bytes.total),
		TotalCount: String(counts.total),
		Type: type,
	};
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** A line per kind of object. */
export function summaryRows({ LayersSize = 0, Images, Containers, Volumes, BuildCache }: DiskUsageAnswer) {
	const images = Images ?? [];
	const used = images.filter(({ Containers: count = 0 }) => count !== 0);
	const counted = used.filter(({ Size = -1, SharedSize = -1 }) => Size !== -1 && SharedSize !== -1);
	const kept = sum(counted.map(({ Size = 0, SharedSize = 0 }) => Size - SharedSize));
	const containers = Containers ?? [];
	const up = containers.filter(({ State = '' }) => /running|paused|restarting/.test(State));
	const written = (list: typeof containers) => sum(list.map(({ SizeRw }) => SizeRw ?? 0));
	const volumes = Volumes ?? [];
	const stored = (list: typeof volumes) => sum(list.map(({ UsageData }) => Math.max(0, UsageData?.Size ?? 0)));
	const mounted = volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0);
	const unused = volumes.filter(({ UsageData }) => UsageData?.RefCount === 0);
	const cache = BuildCache ?? [];
	const own = cache.filter(({ Shared }) => Shared !== true);
	const cached = (list: typeof cache) => sum(list.map(({ Size }) => Size ?? 0));
	return [
		summary(
			'Images',
			{ total: images.length, active: used.length },
			{ total: LayersSize, free: LayersSize - kept, percent: true },
		),
		summary(
			'Containers',
			{ total: containers.length, active: up.length },
			{ total: written(containers), free: written(containers) - written(up), percent: true },
		),
		summary(
			'Local Volumes',
			{ total: volumes.length, active: mounted.length },
			{ total: stored(volumes), free: stored(unused), percent: true },
		),
		summary(
			'Build Cache',
			{ total: cache.length, active: cache.filter(({ InUse }) => InUse === true).length },
			{ total: cached(own), free: cached(own.filter(({ InUse }) => InUse !== true)), percent: false },
		),
	];
}

/** Every object by itself. `truncate`: ids and commands are cut as in a table. */
export function detailRows(usage: DiskUsageAnswer, truncate: boolean, now: number) {
	const options = { truncate, digests: false, all: true, now };
	return {
		Images: (usage.Images ?? []).flatMap((image) =>
			// Only its first name is shown.
			imageRows([{ ...image, RepoTags: image.RepoTags?.slice(0, 1), RepoDigests: [] }], options).map((row) => ({
				...row,
				Digest: '',
			})),
		),
		Containers: (usage.Containers ?? []).map((container) =>
			containerRow({ ...container, SizeRootFs: 0 }, truncate, now),
		),
		Volumes: (usage.Volumes ?? []).map(volumeRow),
		BuildCache: (usage.BuildCache ?? []).map((record) => cacheRow(record, truncate, now)),
	};
}

function volumeRow({ Name, Driver, Scope, Mountpoint, Labels, UsageData }: Volume) {
	const labels = Labels ?? {};
	return {
		Name: Name ?? '',
		Driver: Driver ?? '',
		Scope: Scope ?? '',
		Mountpoint: Mountpoint ?? '',
		Labels: Object.entries(labels)
			.map(([name, value]) => `${name}=${value}`)
			.sort()
			.join(','),
		Label: (name: string) => labels[name] ?? '',
		Links: UsageData ? String(UsageData.RefCount) : 'N/A',
		Size: UsageData ? size(UsageData.Size ?? 0) : 'N/A',
		Availability: 'N/A',
		Group: 'N/A',
		Status: 'N/A',
	};
}

function cacheRow(record: BuildCacheRecord, truncate: boolean, now: number) {
	const id = record.ID ?? '';
	const made = Date.parse(record.CreatedAt ?? '');
	const used = record.LastUsedAt ? Date.parse(record.LastUsedAt) : Number.NaN;
	const since = (time: number) => (Number.isNaN(time) ? '' : `${humanDuration(now - time)} ago`);
	return {
		ID: `${truncate ? id.slice(0, 12) : id}${record.InUse ? '*' : ''}`,
		Parent: (record.Parents ?? []).join(', '),
		CacheType: record.Type ?? '',
		Description: record.Description ?? '',
		Size: size(record.Size ?? 0),
		CreatedAt: Number.isNaN(made) ? '' : goTime(made),
		CreatedSince: since(made),
		LastUsedAt: Number.isNaN(used) ? '' : goTime(used),
		LastUsedSince: since(used),
		UsageCount: String(record.UsageCount ?? 0),
		InUse: String(record.InUse ?? false),
		Shared: String(record.Shared ?? false),
	};
}
