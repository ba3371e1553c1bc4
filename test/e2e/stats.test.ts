import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';

/** What containers use: the API's stats and the table that both command lines make of them. */

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

const mebi = 1024 * 1024;

interface Stats {
	readonly name: string;
	readonly id: string;
	readonly read: string;
	readonly preread: string;
	readonly pids_stats: { readonly current?: number; readonly limit?: number };
	readonly cpu_stats: Cpu;
	readonly precpu_stats: Cpu;
	readonly memory_stats: { readonly usage?: number; readonly limit?: number; readonly stats?: object };
	readonly blkio_stats: Readonly<Record<string, readonly unknown[] | null>>;
	readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
}

interface Cpu {
	readonly cpu_usage: { readonly total_usage: number };
	readonly system_cpu_usage?: number;
	readonly online_cpus?: number;
}

/** The first lines of a stream of stats. */
async function* streamOf(ref: string, signal: AbortSignal): AsyncGenerator<Stats> {
	const response = await fetch(`http://localhost/containers/${ref}/stats`, { unix: engine.socket, signal });
	let rest = '';
	for await (const chunk of response.body ?? []) {
		rest += new TextDecoder().decode(chunk);
		const lines = rest.split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) yield JSON.parse(line) as Stats;
	}
}

async function once(ref: string, query = 'stream=false&one-shot=true'): Promise<Stats> {
	const { status, text } = await engine.api('GET', `/containers/${ref}/stats?${query}`);
	expect(status).toBe(200);
	return JSON.parse(text) as Stats;
}

const never = '0001-01-01T00:00:00Z';

describe('a running container', () => {
	test('two readings: the counters grow', async () => {
		const id = await engine.ok('run', '-d', '--name', 'busy', busybox, 'sh', '-c', 'while :; do :; done');
		const stats = await once('busy', 'stream=false');
		expect(stats.name).toBe('/busy');
		expect(stats.id).toBe(id);
		expect(Date.parse(stats.read)).toBeGreaterThan(Date.parse(stats.preread));
		expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(stats.precpu_stats.cpu_usage.total_usage);
		expect(stats.cpu_stats.system_cpu_usage ?? 0).toBeGreaterThan(stats.precpu_stats.system_cpu_usage ?? 0);
		expect(stats.cpu_stats.online_cpus).toBeGreaterThan(0);
	});

	test('one reading has none before it', async () => {
		await engine.ok('run', '-d', '--name', 'one', busybox, 'sleep', '1000');
		const stats = await once('one');
		expect(stats.preread).toBe(never);
		expect(stats.precpu_stats.cpu_usage.total_usage).toBe(0);
		expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(0);
	});

	test('memory, its limit, processes and their limit', async () => {
		await engine.ok(
			...['run', '-d', '--name', 'full', '--memory', '64m', '--pids-limit', '9', busybox, 'sh', '-c'],
			'dd if=/dev/zero of=/dev/shm/block bs=1M count=20 2>/dev/null; sleep 1000 & sleep 1000 & echo ready; wait',
		);
		expect(await engine.lines(1, 'logs', '-f', 'full')).toEqual(['ready']);
		const stats = await once('full');
		expect(stats.memory_stats.usage).toBeGreaterThan(20 * mebi);
		expect(stats.memory_stats.usage).toBeLessThan(40 * mebi);
		expect(stats.memory_stats.limit).toBe(64 * mebi);
		expect(stats.memory_stats.stats).toHaveProperty('active_anon');
		expect(stats.pids_stats).toEqual({ current: 3, limit: 9 });
	});

	test('without a limit, the memory of the host', async () => {
		await engine.ok('run', '-d', '--name', 'free', busybox, 'sleep', '1000');
		const total = JSON.parse((await engine.api('GET', '/info')).text) as { MemTotal: number };
		expect((await once('free')).memory_stats.limit).toBe(total.MemTotal);
	});

	test('bytes on the network', async () => {
		await engine.ok('run', '-d', '--name', 'peer', busybox, 'sh', '-c', 'sleep 1000 | nc -l -p 99 | wc -c');
		const address = await engine.ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'peer');
		const before = await once('peer');
		const send = `until dd if=/dev/zero bs=1000 count=500 2>/dev/null | nc ${address} 99; do :; done`;
		await engine.ok('run', '--rm', busybox, 'sh', '-c', send);
		expect(await engine.lines(1, 'logs', '-f', 'peer')).toEqual(['500000']);
		const after = await once('peer');
		expect(Object.keys(after.networks ?? {})).toEqual(['eth0']);
		const grown = (after.networks?.eth0?.rx_bytes ?? 0) - (before.networks?.eth0?.rx_bytes ?? 0);
		expect(grown).toBeGreaterThan(500_000);
		expect(grown).toBeLessThan(1_000_000);
	});

	test.each([
		['none', false],
		['host', false],
		['container:base', true],
	])('network %s', async (mode, shown) => {
		await engine.ok('run', '-d', '--name', 'base', busybox, 'sleep', '1000');
		await engine.ok('run', '-d', '--name', 'other', '--network', mode, busybox, 'sleep', '1000');
		expect((await once('other')).networks !== undefined).toBe(shown);
	});

	test('paused', async () => {
		await engine.ok('run', '-d', '--name', 'still', busybox, 'sleep', '1000');
		await engine.ok('pause', 'still');
		const stats = await once('still', 'stream=false');
		expect(stats.pids_stats.current).toBe(1);
		await engine.ok('unpause', 'still');
	});
});

describe('what does not run', () => {
	test('has a name, an id and zeros', async () => {
		const id = await engine.ok('create', '--name', 'cold', busybox, 'true');
		for (const query of ['stream=false', 'stream=false&one-shot=true']) {
			const stats = await once('cold', query);
			expect(stats).toMatchObject({ name: '/cold', id, read: never, preread: never, pids_stats: {}, memory_stats: {} });
			expect(stats.networks).toBeUndefined();
		}
	});

	test.each([
		['/containers/none/stats', 404, 'No such container: none'],
		['/containers/none/stats?stream=0&one-shot=1', 404, 'No such container: none'],
		['/containers/here/stats?stream=1&one-shot=1', 400, 'cannot have stream=true and one-shot=true'],
		['/containers/here/stats?one-shot=1', 400, 'cannot have stream=true and one-shot=true'],
	])('%s is refused', async (path, status, message) => {
		await engine.ok('create', '--name', 'here', busybox, 'true');
		const answer = await engine.api('GET', path);
		expect(answer.status).toBe(status);
		expect(JSON.parse(answer.text)).toEqual({ message });
	});
});

test('a stream goes on through stop and start, and ends with the container', async () => {
	await engine.ok('run', '-d', '--name', 'cat', busybox, 'sleep', '1000');
	let phase = 'first';
	for await (const stats of streamOf('cat', AbortSignal.timeout(60_000))) {
		const running = stats.read !== never;
		if (phase === 'first' && running) {
			await engine.ok('stop', '-t', '0', 'cat');
			phase = 'stopped';
		} else if (phase === 'stopped' && !running) {
			expect(stats.pids_stats).toEqual({});
			await engine.ok('start', 'cat');
			phase = 'again';
		} else if (phase === 'again' && running) {
			expect(stats.pids_stats.current).toBe(1);
			await engine.ok('rm', '-f', 'cat');
			phase = 'removed';
		}
	}
	expect(phase).toBe('removed');
});

describe('the table', () => {
	const clients = engineKind === 'dockerd' ? (['docker'] as const) : (['docker', 'gantry'] as const);
	for (const client of clients) {
		test(`${client} stats --no-stream`, async () => {
			await engine.ok('run', '-d', '--name', 'up', '--memory', '100m', busybox, 'sleep', '1000');
			await engine.ok('create', '--name', 'down', busybox, 'true');
			const running = await engine[client]('stats', '--no-stream');
			expect(running.stderr).toBe('');
			const [head, ...rows] = running.stdout.trimEnd().split('\n');
			expect(head).toMatch(/^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/);
			expect(rows).toHaveLength(1);
			expect(rows[0]).toMatch(
				/^[0-9a-f]{12} +up +\d+\.\d\d% +\d+(\.\d+)?[KM]iB \/ 100MiB +\d+\.\d\d% +\S+ \/ \S+ +\S+ \/ \S+ +1$/,
			);
			const all = await engine[client]('stats', '--no-stream', '-a', '--format', '{{.Name}} {{.PIDs}} {{.MemUsage}}');
			expect(all.stdout.trimEnd().split('\n').sort()[0]).toBe('down 0 0B / 0B');
			const json = await engine[client]('stats', '--no-stream', '--no-trunc', '--format', 'json', 'up');
			expect(Object.keys(JSON.parse(json.stdout) as object)).toEqual([
				...['BlockIO', 'CPUPerc', 'Container', 'ID', 'MemPerc', 'MemUsage', 'Name', 'NetIO', 'PIDs'],
			]);
			const missing = await engine[client]('stats', '--no-stream', 'nobody');
			expect([missing.code, missing.stderr]).toEqual([1, 'Error response from daemon: No such container: nobody\n']);
		});

		test(`${client} stats shows containers as they come and go`, async () => {
			await engine.ok('run', '-d', '--name', 'early', busybox, 'sleep', '1000');
			const program = Bun.spawn([...engine.command(...wordsOf(client), 'stats', '--format', '<{{.Name}}>').argv], {
				...{ env: engine.command().env ?? {}, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
			});
			let shown = '';
			let late = false;
			try {
				for await (const chunk of program.stdout) {
					shown += new TextDecoder().decode(chunk);
					if (!late && shown.includes('<early>')) {
						late = true;
						await engine.ok('run', '-d', '--name', 'late', busybox, 'sleep', '1000');
					}
					if (shown.includes('<late>')) break;
				}
			} finally {
				program.kill();
				await program.exited;
			}
			expect(shown).toContain('<late>');
		});
	}
});

function wordsOf(client: 'docker' | 'gantry'): string[] {
	return [client === 'docker' ? 'docker' : gantryProgram];
}
