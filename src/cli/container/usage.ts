import type { ContainerCpuStats, ContainerStatsResponse } from '../../api/stats.ts';
import { binarySize, humanSize, shortId } from '../render/units.ts';

/** A row of `stats`; what is not known is `--`. */
export interface UsageRow {
	readonly BlockIO: string;
	readonly CPUPerc: string;
	readonly Container: string;
	readonly ID: string;
	readonly MemPerc: string;
	readonly MemUsage: string;
	readonly Name: string;
	readonly NetIO: string;
	readonly PIDs: string;
}

/** Headers of the columns. */
export const usageHeaders: Readonly<Record<keyof UsageRow, string>> = {
	BlockIO: 'BLOCK I/O',
	CPUPerc: 'CPU %',
	Container: 'CONTAINER',
	ID: 'CONTAINER ID',
	MemPerc: 'MEM %',
	MemUsage: 'MEM USAGE / LIMIT',
	Name: 'NAME',
	NetIO: 'NET I/O',
	PIDs: 'PIDS',
};

/** The row of a reading. `container`: what the user calls it. null: nothing was read, or not for a while. */
export function usageRow(container: string, stats: ContainerStatsResponse | null, truncate: boolean): UsageRow {
	const id = stats?.id ?? '';
	if (stats === null) {
		const none = '--';
		return {
			...{ BlockIO: none, CPUPerc: none, Container: container, ID: none, MemPerc: none, MemUsage: '-- / --' },
			...{ Name: none, NetIO: none, PIDs: none },
		};
	}
	const used = usedMemory(stats);
	const limit = stats.memory_stats.limit ?? 0;
	const [read, written] = blockBytes(stats);
	const interfaces = Object.values(stats.networks ?? {});
	const received = interfaces.reduce((sum, one) => sum + one.rx_bytes, 0);
	const sent = interfaces.reduce((sum, one) => sum + one.tx_bytes, 0);
	return {
		BlockIO: `${humanSize(read)} / ${humanSize(written)}`,
		CPUPerc: `${cpuPercent(stats.precpu_stats, stats.cpu_stats).toFixed(2)}%`,
		Container: container,
		ID: truncate ? shortId(id) : id,
		MemPerc: `${(limit === 0 ? 0 : (used / limit) * 100).toFixed(2)}%`,
		MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
		Name: stats.name.replace(/^\//, ''),
		NetIO: `${humanSize(received)} / ${humanSize(sent)}`,
		PIDs: String(stats.pids_stats.current ?? 0),
	};
}

/** Of one processor: two that are busy are 200. */
function cpuPercent(before: ContainerCpuStats, now: ContainerCpuStats): number {
	const own = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
	const all = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
	const processors = now.online_cpus ?? now.cpu_usage.percpu_usage?.length ?? 0;
	return own > 0 && all > 0 ? (own / all) * processors * 100 : 0;
}

/** Without the part of the page cache that goes first when memory is short (cgroup v1, else v2). */
function usedMemory({ memory_stats: { usage = 0, stats = {} } }: ContainerStatsResponse): number {
	const v1 = stats.total_inactive_file;
	if (v1 !== undefined && v1 < usage) return usage - v1;
	const v2 = stats.inactive_file ?? 0;
	return v2 < usage ? usage - v2 : usage;
}

function blockBytes({ blkio_stats }: ContainerStatsResponse): [read: number, written: number] {
	const sum = (letter: string) =>
		(blkio_stats.io_service_bytes_recursive ?? [])
			.filter(({ op }) => op.slice(0, 1).toLowerCase() === letter)
			.reduce((total, { value }) => total + value, 0);
	return [sum('r'), sum('w')];
}
