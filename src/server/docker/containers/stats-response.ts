import type * as wire from '../../../api/stats.ts';
import type { BlockStatistics, InterfaceCounters, Sample } from '../../../engine/containers/stats/sample.ts';
import type { Reading } from '../../../engine/containers/stats/statistics.ts';

/** Go's zero time. */
const never = '0001-01-01T00:00:00Z';
/** What Go prints for "no limit": 2^64 - 1, which is no JavaScript number. */
const unlimited = '18446744073709551615';

const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** One line of the answer. Whole numbers are written with all their digits. */
export function statsResponse(reading: Reading): string {
	return `${JSON.stringify(bodyOf(reading), (_, value: unknown) => (typeof value === 'number' ? digits(value) : value))}\n`;
}

function digits(value: number): unknown {
	if (value === Number.POSITIVE_INFINITY) return rawJSON(unlimited);
	return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : rawJSON(BigInt(value).toString());
}

function bodyOf({ id, name, sample, previous }: Reading): wire.ContainerStatsResponse {
	return {
		read: sample?.read ?? never,
		preread: previous?.read ?? never,
		pids_stats: pidsOf(sample),
		blkio_stats: blockOf(sample?.block ?? null),
		num_procs: 0,
		storage_stats: {},
		cpu_stats: cpuOf(sample),
		precpu_stats: cpuOf(previous),
		memory_stats: memoryOf(sample),
		name: `/${name}`,
		id,
		...networksOf(sample),
	};
}

/** A member unless it is zero, as Go's omitempty. */
function unlessZero<K extends string>(name: K, value: number | null | undefined): { readonly [P in K]?: number } {
	return value === 0 || value === null || value === undefined ? {} : ({ [name]: value } as { [P in K]: number });
}

function pidsOf(sample: Sample | null): wire.ContainerStatsResponse['pids_stats'] {
	return { ...unlessZero('current', sample?.pids?.current), ...unlessZero('limit', sample?.pids?.limit) };
}

function blockOf(block: BlockStatistics | null): wire.ContainerBlkioStats {
	return {
		io_service_bytes_recursive: block?.serviceBytes ?? null,
		io_serviced_recursive: block?.serviced ?? null,
		io_queue_recursive: block?.queued ?? null,
		io_service_time_recursive: block?.serviceTime ?? null,
		io_wait_time_recursive: block?.waitTime ?? null,
		io_merged_recursive: block?.merged ?? null,
		io_time_recursive: block?.time ?? null,
		sectors_recursive: block?.sectors ?? null,
	};
}

function cpuOf(sample: Sample | null): wire.ContainerCpuStats {
	const cpu = sample?.cpu ?? null;
	return {
		cpu_usage: {
			total_usage: cpu?.total ?? 0,
			...(cpu === null || cpu.perCpu === null ? {} : { percpu_usage: cpu.perCpu }),
			usage_in_kernelmode: cpu?.kernel ?? 0,
			usage_in_usermode: cpu?.user ?? 0,
		},
		...unlessZero('system_cpu_usage', sample?.system.usage),
		...unlessZero('online_cpus', sample?.system.online),
		throttling_data: {
			periods: cpu?.periods ?? 0,
			throttled_periods: cpu?.throttledPeriods ?? 0,
			throttled_time: cpu?.throttledTime ?? 0,
		},
	};
}

function memoryOf(sample: Sample | null): wire.ContainerMemoryStats {
	const memory = sample?.memory ?? null;
	if (memory === null) return {};
	return {
		...unlessZero('usage', memory.usage),
		...unlessZero('max_usage', memory.maxUsage),
		stats: memory.details,
		...unlessZero('failcnt', memory.failures),
		...unlessZero('limit', memory.limit),
	};
}

function networksOf(sample: Sample | null): Pick<wire.ContainerStatsResponse, 'networks'> {
	if (sample === null || sample.networks.size === 0) return {};
	return { networks: Object.fromEntries([...sample.networks].map(([name, counters]) => [name, networkOf(counters)])) };
}

function networkOf(counters: InterfaceCounters): wire.ContainerNetworkStats {
	return {
		rx_bytes: counters.rxBytes,
		rx_packets: counters.rxPackets,
		rx_errors: counters.rxErrors,
		rx_dropped: counters.rxDropped,
		tx_bytes: counters.txBytes,
		tx_packets: counters.txPackets,
		tx_errors: counters.txErrors,
		tx_dropped: counters.txDropped,
	};
}
