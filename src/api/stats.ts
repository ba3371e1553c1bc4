/** One counter of a block device. */
export type BlkioStatEntry = {
	readonly major: number;
	readonly minor: number;
	readonly op: string;
	readonly value: number;
};

type BlkioEntries = readonly BlkioStatEntry[] | null;

export type ContainerBlkioStats = {
	readonly io_service_bytes_recursive: BlkioEntries;
	readonly io_serviced_recursive: BlkioEntries;
	readonly io_queue_recursive: BlkioEntries;
	readonly io_service_time_recursive: BlkioEntries;
	readonly io_wait_time_recursive: BlkioEntries;
	readonly io_merged_recursive: BlkioEntries;
	readonly io_time_recursive: BlkioEntries;
	readonly sectors_recursive: BlkioEntries;
};

/** Times in nanoseconds. */
export type ContainerCpuStats = {
	readonly cpu_usage: {
		readonly total_usage: number;
		readonly percpu_usage?: readonly number[];
		readonly usage_in_kernelmode: number;
		readonly usage_in_usermode: number;
	};
	readonly system_cpu_usage?: number;
	readonly online_cpus?: number;
	readonly throttling_data: {
		readonly periods: number;
		readonly throttled_periods: number;
		readonly throttled_time: number;
	};
};

/** Bytes; members that are 0 are left out. */
export type ContainerMemoryStats = {
	readonly usage?: number;
	readonly max_usage?: number;
	readonly stats?: Readonly<Record<string, number>>;
	readonly failcnt?: number;
	readonly limit?: number;
};

export type ContainerNetworkStats = {
	readonly rx_bytes: number;
	readonly rx_packets: number;
	readonly rx_errors: number;
	readonly rx_dropped: number;
	readonly tx_bytes: number;
	readonly tx_packets: number;
	readonly tx_errors: number;
	readonly tx_dropped: number;
};

/** The answer of `GET /containers/{id}/stats`, one per line of the stream. Source: Engine API 1.51, ContainerStatsResponse. */
export type ContainerStatsResponse = {
	readonly name: string;
	readonly id: string;
	readonly read: string;
	readonly preread: string;
	readonly pids_stats: { readonly current?: number; readonly limit?: number };
	readonly blkio_stats: ContainerBlkioStats;
	readonly num_procs: number;
	readonly storage_stats: Readonly<Record<string, never>>;
	readonly cpu_stats: ContainerCpuStats;
	readonly precpu_stats: ContainerCpuStats;
	readonly memory_stats: ContainerMemoryStats;
	readonly networks?: Readonly<Record<string, ContainerNetworkStats>>;
};
