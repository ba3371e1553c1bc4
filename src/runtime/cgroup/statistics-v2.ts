import { countersOf, numberOf, readText } from './files.ts';
import type { BlockEntry, BlockStatistics, CgroupStatistics, CpuStatistics, MemoryStatistics } from './statistics.ts';

/** cpu.stat counts in microseconds. */
const microsecond = 1000;

/** The counters of a cgroup on cgroup v2. null when it is gone. */
export async function readV2(directory: string): Promise<CgroupStatistics | null> {
	const [cpu, memory, block, current, most] = await Promise.all([
		readCpu(directory),
		readMemory(directory),
		readBlock(directory),
		readText(`${directory}/pids.current`),
		readText(`${directory}/pids.max`),
	]);
	const processes = numberOf(current);
	const pids = processes === null ? null : { current: processes, limit: numberOf(most) };
	return cpu === null && memory === null && pids === null ? null : { cpu, memory, block, pids };
}

async function readCpu(directory: string): Promise<CpuStatistics | null> {
	const text = await readText(`${directory}/cpu.stat`);
	if (text === null) return null;
	const counters = countersOf(text);
	const time = (name: string) => (counters.get(name) ?? 0) * microsecond;
	return {
		total: time('usage_usec'),
		perCpu: null,
		kernel: time('system_usec'),
		user: time('user_usec'),
		periods: counters.get('nr_periods') ?? 0,
		throttledPeriods: counters.get('nr_throttled') ?? 0,
		throttledTime: time('throttled_usec'),
	};
}

/** The names that the Engine API knows. */
const names = [
	...['anon', 'file', 'kernel_stack', 'slab', 'sock', 'shmem', 'file_mapped', 'file_dirty', 'file_writeback'],
	...['anon_thp', 'inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable', 'slab_reclaimable'],
	...['slab_unreclaimable', 'pgfault', 'pgmajfault', 'workingset_refault', 'workingset_activate'],
	...['workingset_nodereclaim', 'pgrefill', 'pgscan', 'pgsteal', 'pgactivate', 'pgdeactivate', 'pglazyfree'],
	...['pglazyfreed', 'thp_fault_alloc', 'thp_collapse_alloc'],
];

async function readMemory(directory: string): Promise<MemoryStatistics | null> {
	const [usage, limit, stat, events] = await Promise.all(
		['current', 'max', 'stat', 'events'].map((name) => readText(`${directory}/memory.${name}`)),
	);
	const used = numberOf(usage ?? null);
	if (used === null) return null;
	const counters = countersOf(stat ?? null);
	return {
		usage: used,
		maxUsage: null,
		failures: countersOf(events ?? null).get('oom') ?? 0,
		limit: numberOf(limit ?? null) ?? Number.POSITIVE_INFINITY,
		details: Object.fromEntries(names.map((name) => [name, counters.get(name) ?? 0])),
	};
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 …`; of these the Engine API has the bytes. */
async function readBlock(directory: string): Promise<BlockStatistics | null> {
	const text = await readText(`${directory}/io.stat`);
	if (text === null) return null;
	const entries = [...text.matchAll(/^(\d+):(\d+) (.*)$/gm)].flatMap(([, major, minor, rest = '']): BlockEntry[] => {
		const counters = new Map(rest.split(' ').map((pair) => pair.split('=', 2) as [string, string]));
		const entry = (op: string, name: string) => ({
			major: Number(major),
			minor: Number(minor),
			op,
			value: Number(counters.get(name) ?? 0),
		});
		return [entry('read', 'rbytes'), entry('write', 'wbytes')];
	});
	return {
		serviceBytes: entries.length === 0 ? null : entries,
		...{ serviced: null, queued: null, serviceTime: null, waitTime: null, merged: null, time: null, sectors: null },
	};
}
