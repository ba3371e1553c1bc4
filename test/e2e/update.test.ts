import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { busybox, engineKind, now, startEngine, type TestEngine } from '../support/daemon.ts';

/** Changing the limits and the restart policy of containers, and the limits that a create asks for. */

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());
afterEach(async () => {
	const ids = (await engine.ok('ps', '-aq')).split('\n').filter(Boolean);
	if (ids.length > 0) await engine.ok('rm', '-f', ...ids);
});

const clients = engineKind === 'dockerd' ? (['docker'] as const) : (['docker', 'gantry'] as const);
const limit = (controller: string, v1: string, v2: string) =>
	`cat /sys/fs/cgroup/${controller}/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`;
const memory = limit('memory', 'memory.limit_in_bytes', 'memory.max');
const mebi = 1024 * 1024;
const cgroupV2 = existsSync('/sys/fs/cgroup/cgroup.controllers');

async function seen(name: string, script: string): Promise<string> {
	return engine.ok('exec', name, 'sh', '-c', script);
}

const field = (name: string, path: string) => engine.ok('inspect', '-f', `{{.HostConfig.${path}}}`, name);

describe('a running container', () => {
	for (const client of clients) {
		test.each([
			['--memory 64m --memory-swap 64m', memory, String(64 * mebi), 'Memory', String(64 * mebi)],
			['--cpus 0.5', limit('cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^50000\b/, 'NanoCpus', '500000000'],
			['--cpu-shares 512', limit('cpu', 'cpu.shares', 'cpu.weight'), /^(512|20)$/, 'CpuShares', '512'],
			[
				'--cpu-period 50000 --cpu-quota 20000',
				limit('cpu', 'cpu.cfs_quota_us', 'cpu.max'),
				/^20000\b/,
				'CpuQuota',
				'20000',
			],
			['--cpuset-cpus 0', limit('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0', 'CpusetCpus', '0'],
			['--pids-limit 20', limit('pids', 'pids.max', 'pids.max'), '20', 'PidsLimit', '20'],
			[
				'--memory-reservation 32m',
				limit('memory', 'memory.soft_limit_in_bytes', 'memory.low'),
				String(32 * mebi),
				'MemoryReservation',
				String(32 * mebi),
			],
		] as const)(`${client} update %s`, async (flags, script, inside, path, recorded) => {
			await engine.ok('run', '-d', '--name', 'live', busybox, 'sleep', '1000');
			const result = await engine[client]('update', ...flags.split(' '), 'live');
			expect(result).toEqual({ code: 0, stdout: 'live\n', stderr: '' });
			const there = await seen('live', script);
			if (typeof inside === 'string') expect(there).toBe(inside);
			else expect(there).toMatch(inside);
			expect(await field('live', path)).toBe(recorded);
		});
	}

	test('no limit of processes again', async () => {
		await engine.ok('run', '-d', '--name', 'free', '--pids-limit', '9', busybox, 'sleep', '1000');
		await engine.ok('update', '--pids-limit', '-1', 'free');
		expect(await seen('free', limit('pids', 'pids.max', 'pids.max'))).toBe('max');
	});

	// Cgroup v2 takes the limit, and kills.
	test.skipIf(existsSync('/sys/fs/cgroup/cgroup.controllers'))(
		'a limit that the kernel refuses changes nothing',
		async () => {
			const fill = 'dd if=/dev/zero of=/dev/shm/block bs=1M count=40 2>/dev/null; echo full; sleep 1000';
			await engine.ok(
				'run',
				'-d',
				'--name',
				'full',
				'--memory',
				'100m',
				'--memory-swap',
				'100m',
				busybox,
				'sh',
				'-c',
				fill,
			);
			await engine.ok('update', '--memory', '80m', 'full');
			expect(await engine.lines(1, 'logs', '-f', 'full')).toEqual(['full']);
			const tooLittle = { Memory: 8 * mebi, MemorySwap: 8 * mebi };
			const { status, text } = await engine.api('POST', '/containers/full/update', tooLittle);
			expect(status).toBe(500);
			expect(JSON.parse(text).message).toMatch(/^Cannot update container [0-9a-f]{64}: /);
			expect(await field('full', 'Memory')).toBe(String(80 * mebi));
		},
	);

	test('lasts over a restart; a paused one and the event', async () => {
		const since = now();
		await engine.ok('run', '-d', '--name', 'kept', busybox, 'sleep', '1000');
		await engine.ok('pause', 'kept');
		await engine.ok('update', '--memory', '64m', '--memory-swap', '64m', 'kept');
		await engine.ok('unpause', 'kept');
		await engine.ok('restart', '-t', '0', 'kept');
		expect(await seen('kept', memory)).toBe(String(64 * mebi));
		const events = await engine.ok(
			'events',
			'--since',
			since,
			'--until',
			now(),
			'--filter',
			'event=update',
			'--format',
			'{{.Actor.Attributes.name}}',
		);
		expect(events).toBe('kept');
	});
});

test('a container that does not run takes its new limits at the start', async () => {
	await engine.ok('create', '--name', 'cold', busybox, 'sh', '-c', memory);
	await engine.ok('update', '--memory', '32m', '--memory-swap', '-1', 'cold');
	expect(await engine.ok('start', '-a', 'cold')).toBe(String(32 * mebi));
});

describe('what does not go together', () => {
	const dockerd = engineKind === 'dockerd';
	test.each([
		[
			{ Memory: 64 * mebi },
			409,
			/^Cannot update container [0-9a-f]{64}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time$/,
		],
		[{ Memory: 5 }, 400, /^Minimum memory limit allowed is 6MB$/],
		[{ CpusetCpus: '999' }, 400, /^Requested CPUs are not available - requested 999, available: /],
		[{ RestartPolicy: { Name: 'sometimes' } }, 400, /^invalid restart policy/],
		[
			{ IOMaximumIOps: 5 },
			400,
			/^Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps$/,
		],
		[{ Memory: 'much' }, dockerd ? 500 : 400, /Memory/i],
	])('%j', async (body, status, message) => {
		await engine.ok('create', '--name', 'odd', busybox, 'true');
		const answer = await engine.api('POST', '/containers/odd/update', body);
		expect(answer.status).toBe(status);
		expect(JSON.parse(answer.text).message).toMatch(message);
	});

	test('CPUs as a number and as a quota; auto-remove and restarts', async () => {
		await engine.ok('create', '--name', 'nano', '--cpus', '1', busybox, 'true');
		const quota = await engine.docker('update', '--cpu-quota', '5000', 'nano');
		expect(quota.stderr).toContain('Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set');
		await engine.ok('create', '--rm', '--name', 'gone', busybox, 'true');
		const always = await engine.docker('update', '--restart', 'always', 'gone');
		expect(always.stderr).toContain('Restart policy cannot be updated because AutoRemove is enabled for the container');
		expect((await engine.api('POST', '/containers/nobody/update', {})).status).toBe(404);
	});
});

describe('the restart policy', () => {
	test('from none to on-failure', async () => {
		await engine.ok('run', '-d', '--name', 'again', busybox, 'sh', '-c', 'echo up; sleep 1000 & wait; exit 3');
		await engine.ok('update', '--restart', 'on-failure:5', 'again');
		expect(await field('again', 'RestartPolicy')).toBe('{on-failure 5}');
		await engine.ok('exec', 'again', 'sh', '-c', 'kill $(pidof sleep)');
		const starts = await engine.lines(
			...([2, 'events', '--since', '1', '--filter', 'event=start', '--filter', 'container=again'] as const),
			...['--format', '{{.Action}}'],
		);
		expect(starts).toEqual(['start', 'start']);
	});

	test.skipIf(engineKind === 'dockerd')('of a container that is about to be restarted', async () => {
		await engine.ok('run', '-d', '--name', 'loop', '--restart', 'always', busybox, 'false');
		await engine.lines(
			5,
			'events',
			'--since',
			'1',
			'--filter',
			'event=die',
			'--filter',
			'container=loop',
			'--format',
			'{{.Action}}',
		);
		await engine.ok('update', '--restart', 'no', 'loop');
		expect(await engine.ok('wait', 'loop')).toBe('1');
		expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.State.Restarting}}', 'loop')).toBe('exited false');
	});
});

describe('limits at create', () => {
	test.each([
		// The kernel has it in cgroup v1 alone.
		...(cgroupV2
			? []
			: [['--memory-swappiness 10', 'cat /sys/fs/cgroup/memory/memory.swappiness', '10', 'MemorySwappiness', '10']]),
		[
			'--device-cgroup-rule',
			'mknod /d c 10 250; cat /d 2>&1 | grep -c "not permitted" || true',
			'0',
			'DeviceCgroupRules',
			'[c 10:* rw]',
		],
	])('%s', async (flags, script, inside, path, recorded) => {
		const words = flags === '--device-cgroup-rule' ? [flags, 'c 10:* rw'] : flags.split(' ');
		await engine.ok('run', '-d', '--name', 'set', ...words, busybox, 'sleep', '1000');
		expect(await seen('set', script)).toBe(inside);
		const shown = await engine.ok('inspect', '-f', `{{json .HostConfig.${path}}}`, 'set');
		expect(shown).toBe(recorded.startsWith('[') ? JSON.stringify([recorded.slice(1, -1)]) : recorded);
	});

	test.each([
		[['--device-read-bps', '/dev/nope:1mb'], 'stat /dev/nope: no such file or directory'],
		[['--storage-opt', 'size=1g'], "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
		[['--gpus', 'all'], 'could not select device driver "" with capabilities: [[gpu]]'],
		[['--cpuset-mems', '99'], 'Requested memory nodes are not available - requested 99, available: '],
	])('%j is refused', async (flags, message) => {
		const result = await engine.docker('run', '--rm', ...flags, busybox, 'true');
		expect([125, 127]).toContain(result.code);
		expect(result.stderr).toContain(message);
	});

	test('warnings', async () => {
		const percent = await engine.api('POST', '/containers/create', { Image: busybox, HostConfig: { CpuPercent: 5 } });
		expect(JSON.parse(percent.text).Warnings).toEqual(['linux does not support CPU percent. Percent discarded.']);
	});
});
