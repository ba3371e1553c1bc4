import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseInterfaces, readInterfaces, readSystemCpu } from '../host-usage.ts';
import { readCgroupStatistics } from './statistics.ts';

const made: string[] = [];
afterAll(() => {
	for (const folder of made) rmSync(folder, { recursive: true });
});

/** A tree of files that looks like mounted cgroups. */
function tree(files: Readonly<Record<string, string>>): string {
	const root = mkdtempSync(join(tmpdir(), 'gantry-cgroup-'));
	made.push(root);
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(dirname(join(root, name)), { recursive: true });
		writeFileSync(join(root, name), text);
	}
	return root;
}

test('cgroup v1: each controller in its own tree', async () => {
	const root = tree({
		'cpuacct/g/x/cpuacct.usage': '5000000000\n',
		'cpuacct/g/x/cpuacct.usage_percpu': '2000000000 3000000000 \n',
		'cpuacct/g/x/cpuacct.stat': 'user 300\nsystem 20\n',
		'cpu/g/x/cpu.stat': 'nr_periods 7\nnr_throttled 3\nthrottled_time 123456\n',
		'memory/g/x/memory.usage_in_bytes': '8192\n',
		'memory/g/x/memory.max_usage_in_bytes': '16384\n',
		'memory/g/x/memory.failcnt': '2\n',
		'memory/g/x/memory.limit_in_bytes': '67108864\n',
		'memory/g/x/memory.stat': 'cache 4096\ntotal_cache 4096\nhierarchical_memory_limit 67108864\nnonsense 1\n',
		'blkio/g/x/blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Write 512\n8:0 Total 4608\nTotal 4608\n',
		'blkio/g/x/blkio.throttle.io_serviced_recursive': '8:0 Read 1\nTotal 1\n',
		'pids/g/x/pids.current': '4\n',
		'pids/g/x/pids.max': 'max\n',
	});
	const read = await readCgroupStatistics('/g/x', root);
	expect(read?.cpu).toEqual({
		...{ total: 5e9, perCpu: [2e9, 3e9], kernel: 2e8, user: 3e9 },
		...{ periods: 7, throttledPeriods: 3, throttledTime: 123_456 },
	});
	expect(read?.memory).toMatchObject({ usage: 8192, maxUsage: 16_384, failures: 2, limit: 67_108_864 });
	expect(read?.memory?.details).toMatchObject({ cache: 4096, total_cache: 4096, rss: 0 });
	expect(read?.memory?.details).not.toHaveProperty('nonsense');
	expect(read?.block?.serviceBytes).toEqual([
		{ major: 8, minor: 0, op: 'Read', value: 4096 },
		{ major: 8, minor: 0, op: 'Write', value: 512 },
		{ major: 8, minor: 0, op: 'Total', value: 4608 },
	]);
	expect(read?.block?.sectors).toEqual([]);
	expect(read?.pids).toEqual({ current: 4, limit: null });
});

test('cgroup v1: the limit that means none', async () => {
	const root = tree({
		'memory/x/memory.usage_in_bytes': '1\n',
		'memory/x/memory.limit_in_bytes': '9223372036854771712\n',
	});
	const read = await readCgroupStatistics('/x', root);
	expect(read?.memory?.limit).toBe(Number.POSITIVE_INFINITY);
	expect(read).toMatchObject({ cpu: null, block: null, pids: null });
});

test('cgroup v2: one tree', async () => {
	const root = tree({
		'cgroup.controllers': 'cpu io memory pids\n',
		'g/x/cpu.stat':
			'usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 2\nnr_throttled 1\nthrottled_usec 9\n',
		'g/x/memory.current': '8192\n',
		'g/x/memory.max': 'max\n',
		'g/x/memory.stat': 'anon 4096\nfile 100\nzswap 3\n',
		'g/x/memory.events': 'low 0\nhigh 0\nmax 4\noom 3\noom_kill 1\n',
		'g/x/io.stat': '8:0 rbytes=4096 wbytes=512 rios=1 wios=1 dbytes=0 dios=0\n253:1\n',
		'g/x/pids.current': '4\n',
		'g/x/pids.max': '10\n',
	});
	const read = await readCgroupStatistics('/g/x', root);
	expect(read?.cpu).toEqual({
		...{ total: 5_000_000, perCpu: null, kernel: 2_000_000, user: 3_000_000 },
		...{ periods: 2, throttledPeriods: 1, throttledTime: 9000 },
	});
	expect(read?.memory).toMatchObject({ usage: 8192, maxUsage: null, failures: 3, limit: Number.POSITIVE_INFINITY });
	expect(read?.memory?.details).toMatchObject({ anon: 4096, file: 100, slab: 0 });
	expect(read?.memory?.details).not.toHaveProperty('zswap');
	expect(read?.block?.serviceBytes).toEqual([
		{ major: 8, minor: 0, op: 'read', value: 4096 },
		{ major: 8, minor: 0, op: 'write', value: 512 },
	]);
	expect(read?.block?.serviced).toBeNull();
	expect(read?.pids).toEqual({ current: 4, limit: 10 });
});

test('a cgroup that is gone', async () => {
	expect(await readCgroupStatistics('/none', tree({ 'memory/other': '' }))).toBeNull();
	expect(await readCgroupStatistics('/none', tree({ 'cgroup.controllers': '' }))).toBeNull();
});

test('the host', async () => {
	const root = tree({ stat: 'cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8\ncpu1 0 0 0 0 0 0 0 0\nintr 5\n' });
	expect(await readSystemCpu(join(root, 'stat'))).toEqual({ usage: 28 * 10_000_000, online: 2 });
	expect((await readSystemCpu()).online).toBeGreaterThan(0);
});

test('interfaces', async () => {
	const table = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 5000 10 1 2 0 0 0 0 600 7 3 4 0 0 0 0
`;
	const found = parseInterfaces(table);
	expect([...found.keys()]).toEqual(['eth0']);
	expect(found.get('eth0')).toEqual({
		...{ rxBytes: 5000, rxPackets: 10, rxErrors: 1, rxDropped: 2 },
		...{ txBytes: 600, txPackets: 7, txErrors: 3, txDropped: 4 },
	});
	expect((await readInterfaces(process.pid)).size).toBe(0);
	expect((await readInterfaces(2 ** 22 + 1)).size).toBe(0);
});
