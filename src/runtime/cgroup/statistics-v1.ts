import { countersOf, numberOf, readText } from './files.ts';
import type { BlockEntry, BlockStatistics, CgroupStatistics, CpuStatistics, MemoryStatistics } from './statistics.ts';

/** cpuacct.stat counts in hundredths of a second, whatever the kernel's own tick. */
const tick = 10_000_000;
/** A limit of this many bytes or more is the kernel's way to say that there is none. */
const noLimit = 2 ** 62;

/** The counters of a cgroup on cgroup v1, where each controller has a tree of its own. null when none has the cgroup. */
export async function readV1(root: string, path: string): Promise<CgroupStatistics | null> {
	const [cpu, memory, block, pids] = await Promise.all([
		readCpu(`${root}/cpuacct${path}`, `${root}/cpu${path}`),
		readMemory(`${root}/memory${path}`),
		readBlock(`${root}/blkio${path}`),
		readPids(`${root}/pids${path}`),
	]);
	return cpu === null && memory === null && pids === null ? null : { cpu, memory, block, pids };
}

async function readCpu(accounting: string, limits: string): Promise<CpuStatistics | null> {
	const [usage, perCpu, stat, throttling] = await Promise.all([
		readText(`${accounting}/cpuacct.usage`),
		readText(`${accounting}/cpuacct.usage_percpu`),
		readText(`${accounting}/cpuacct.stat`),
		readText(`${limits}/cpu.stat`),
	]);
	const total = numberOf(usage);
	if (total === null) return null;
	const times = countersOf(stat);
	const throttled = countersOf(throttling);
	return {
		total,
		perCpu: perCpu === null ? null : perCpu.trim().split(/\s+/).map(Number),
		kernel: (times.get('system') ?? 0) * tick,
		user: (times.get('user') ?? 0) * tick,
		periods: throttled.get('nr_periods') ?? 0,
		throttledPeriods: throttled.get('nr_throttled') ?? 0,
		throttledTime: throttled.get('throttled_time') ?? 0,
	};
}

/** The names that the Engine API knows, own and, with `total_`, with the cgroups below. */
const counted = [
	...['cache', 'rss', 'rss_huge', 'mapped_file', 'dirty', 'writeback', 'pgpgin', 'pgpgout', 'pgfault', 'pgmajfault'],
	...['inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable'],
];
const names = [
	...counted,
	'hierarchical_memory_limit',
	'hierarchical_memsw_limit',
	...counted.map((name) => `total_${name}`),
];

async function readMemory(directory: string): Promise<MemoryStatistics | null> {
	const [usage, most, failures, limit, stat] = await Promise.all(
		['usage_in_bytes', 'max_usage_in_bytes', 'failcnt', 'limit_in_bytes', 'stat'].map((name) =>
			readText(`${directory}/memory.${name}`),
		),
	);
	const used = numberOf(usage ?? null);
	if (used === null) return null;
	const bytes = numberOf(limit ?? null) ?? Number.POSITIVE_INFINITY;
	const counters = countersOf(stat ?? null);
	return {
		usage: used,
		maxUsage: numberOf(most ?? null),
		failures: numberOf(failures ?? null) ?? 0,
		limit: bytes >= noLimit ? Number.POSITIVE_INFINITY : bytes,
		details: Object.fromEntries(names.map((name) => [name, counters.get(name) ?? 0])),
	};
}

async function readPids(directory: string): Promise<CgroupStatistics['pids']> {
	const [current, most] = await Promise.all([readText(`${directory}/pids.current`), readText(`${directory}/pids.max`)]);
	const now = numberOf(current);
	if (now === null) return null;
	const limit = numberOf(most);
	return { current: now, limit: limit === null || !Number.isFinite(limit) ? null : limit };
}

/** BFQ counts what goes through it; with any other scheduler the throttle layer counts. */
async function readBlock(directory: string): Promise<BlockStatistics | null> {
	const read = async (name: string) => blockEntries(await readText(`${directory}/blkio.${name}`));
	const [bfqBytes, bfqServiced, bytes, serviced] = await Promise.all([
		read('bfq.io_service_bytes_recursive'),
		read('bfq.io_serviced_recursive'),
		read('throttle.io_service_bytes_recursive'),
		read('throttle.io_serviced_recursive'),
	]);
	if (bytes === null && bfqBytes === null) return null;
	const throughBfq = bfqServiced !== null && bfqServiced.length > 0;
	return {
		serviceBytes: (throughBfq ? bfqBytes : bytes) ?? [],
		serviced: (throughBfq ? bfqServiced : serviced) ?? [],
		// Counters of the CFQ scheduler, which kernels since 5.0 do not have.
		...{ queued: [], serviceTime: [], waitTime: [], merged: [], time: [], sectors: [] },
	};
}

/** Lines of `8:0 Read 4096`; the line that sums up all devices is left out. */
function blockEntries(text: string | null): BlockEntry[] | null {
	if (text === null) return null;
	return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, op = '', value]) => ({
		major: Number(major),
		minor: Number(minor),
		op,
		value: Number(value),
	}));
}
