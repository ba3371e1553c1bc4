import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { busybox, engineKind, processesOf, startEngine, type TestEngine } from '../support/daemon.ts';

/** A shim that answers nobody (here: stopped) is the trouble of its own container only, and even that one can be removed. */
let engine: TestEngine;
/** Milliseconds for a command that has nothing to do with the stopped shim. */
const others = 8000;
/** Milliseconds for one that has to give up on it. */
const stuck = 60_000;
const stopped = new Set<number>();

beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterEach(() => {
	for (const pid of stopped) {
		try {
			process.kill(pid, 'SIGCONT');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
	}
	stopped.clear();
});
afterAll(() => engine.close());

/** The process that keeps a container: the parent of its first one. */
async function shimOf(name: string): Promise<number> {
	const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', name);
	const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
	expect(readFileSync(`/proc/${parent}/cmdline`, 'utf8')).toContain('shim');
	return parent;
}

/** Starts a container whose shim is stopped as soon as it runs. */
async function startStuck(name: string): Promise<{ readonly id: string; readonly shim: number; readonly pid: number }> {
	const id = await engine.ok('run', '-d', '--name', name, busybox, 'sh', '-c', 'echo before; exec sleep 10000');
	expect(await engine.lines(1, 'logs', '-f', name)).toEqual(['before']);
	const shim = await shimOf(name);
	const pid = Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', name));
	process.kill(shim, 'SIGSTOP');
	stopped.add(shim);
	return { id, shim, pid };
}

const quickly = async (...args: string[]): Promise<string> => {
	const result = await engine.dockerWith({ timeout: others }, ...args);
	if (result.code !== 0) throw new Error(`docker ${args.join(' ')}: ${result.code} ${result.stdout}${result.stderr}`);
	return result.stdout.trim();
};

test.skipIf(engineKind === 'dockerd')(
	'everything else goes on',
	async () => {
		await engine.ok('run', '-d', '--name', 'frozen', busybox, 'sleep', '10000');
		await engine.ok('pause', 'frozen');
		await engine.ok(
			'run',
			'-d',
			'--name',
			'well',
			'--stop-signal',
			'KILL',
			busybox,
			'sh',
			'-c',
			'echo hi; exec sleep 10000',
		);
		await startStuck('stuck');
		expect((await quickly('ps', '--format', '{{.Names}}')).split('\n')).toEqual(['stuck', 'well', 'frozen']);
		expect(await quickly('inspect', '-f', '{{.State.Status}}', 'stuck')).toBe('running');
		expect(await quickly('logs', 'stuck')).toBe('before');
		expect(await quickly('top', 'stuck')).toContain('sleep 10000');
		expect(await quickly('exec', 'well', 'echo', 'still')).toBe('still');
		expect(await quickly('logs', 'well')).toBe('hi');
		expect(await quickly('run', '--rm', busybox, 'echo', 'new')).toBe('new');
		expect((await quickly('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}')).split('\n').sort()).toEqual([
			'frozen 1',
			'stuck 1',
			'well 1',
		]);
		await quickly('restart', 'well');
		await quickly('stop', 'well');
		await quickly('rm', 'well');
		await quickly('unpause', 'frozen');
		await quickly('rm', '-f', 'frozen');
		await quickly('info');
		await engine.ok('rm', '-f', 'stuck');
	},
	180_000,
);

test.skipIf(engineKind === 'dockerd').each([
	['rm -f', ['rm', '-f']],
	['stop', ['stop', '-t', '1']],
	['kill', ['kill']],
	['exec', ['exec']],
])(
	'%s of its container ends',
	async (verb, words) => {
		const { id, pid, shim } = await startStuck('stuck');
		const rest = verb === 'exec' ? ['true'] : [];
		await engine.dockerWith({ timeout: stuck }, ...words, 'stuck', ...rest);
		if (verb === 'stop' || verb === 'kill') expect(existsSync(`/proc/${pid}`)).toBe(false);
		const removed = await engine.dockerWith({ timeout: stuck }, 'rm', '-f', 'stuck');
		expect([removed.code, verb === 'rm -f' ? '' : removed.stderr]).toEqual([0, '']);
		expect(await engine.ok('ps', '-aq')).toBe('');
		expect(existsSync(`/proc/${pid}`)).toBe(false);
		expect(processesOf(id).map(({ why }) => why)).toEqual([]);
		expect(existsSync(`/proc/${shim}`)).toBe(false);
		expect(await engine.leftovers()).toEqual([]);
	},
	180_000,
);
