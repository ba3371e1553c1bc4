import type { BenchEngine } from './engines.ts';
import { pingWhile } from './latency.ts';
import { memoryOf, timed } from './measure.ts';

/** One thing to measure. `once` gives a value of one engine; null: it does not apply. */
export interface BenchCase {
	readonly name: string;
	readonly unit: 'ms' | 'MiB';
	/** Times that it is measured; the quick run takes fewer, and so does a machine that is too slow for all. */
	readonly rounds: number;
	/** Only the daemon counts, not which client asks. */
	readonly perDaemon?: boolean;
	/** Once for a daemon, however many clients it has; so is `after`. */
	before?(engine: BenchEngine): Promise<void>;
	once(engine: BenchEngine): Promise<number | null>;
	after?(engine: BenchEngine): Promise<void>;
}

/** The image that the cases run. */
export const image = 'localhost/bench:1';

let serial = 0;
const fresh = () => `bench-${process.pid}-${serial++}`;
const runWith = (engine: BenchEngine, ...args: string[]) => engine.call('run', ...args);

/** Starts `script` and measures until it ended. */
async function ranFor(engine: BenchEngine, script: string): Promise<number> {
	const name = fresh();
	const took = await timed(async () => {
		await runWith(engine, '-d', '--name', name, '--network', 'none', image, 'sh', '-c', script);
		await engine.call('wait', name);
	});
	await engine.call('rm', '-f', name);
	return took;
}

/** Reads a client's stdout to the end without keeping it. */
async function drain(engine: BenchEngine, args: readonly string[], bytes: number): Promise<void> {
	const { argv, env } = engine.command(...engine.client, ...args);
	const child = Bun.spawn([...argv], { env: env ?? {}, stdout: 'pipe', stderr: 'ignore', stdin: 'ignore' });
	let seen = 0;
	for await (const chunk of child.stdout) seen += chunk.length;
	await child.exited;
	if (seen < bytes) throw new Error(`${engine.name} ${args.join(' ')}: ${seen} of ${bytes} bytes`);
}

const line = '0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789';
const output100 = `yes ${line.slice(0, 99)} | head -c 100000000`;
const readers = new Map<string, string>();
const running = new Map<string, string>();

async function keep(engine: BenchEngine, held: Map<string, string>, script: string): Promise<void> {
	const name = fresh();
	held.set(engine.daemon, name);
	await runWith(engine, '-d', '--name', name, '--network', 'none', image, 'sh', '-c', script);
}

async function drop(engine: BenchEngine, held: Map<string, string>): Promise<void> {
	const name = held.get(engine.daemon);
	if (name !== undefined) await engine.call('rm', '-f', name);
	held.delete(engine.daemon);
}

/** A container with 100 MB in its log. */
async function writeLog(engine: BenchEngine): Promise<void> {
	await keep(engine, readers, output100);
	await engine.call('wait', readers.get(engine.daemon) ?? '');
}

const readLog = (engine: BenchEngine) => drain(engine, ['logs', readers.get(engine.daemon) ?? ''], 100_000_000);

const attach200 = (engine: BenchEngine) =>
	drain(
		engine,
		[...'run --rm --network none --log-driver none'.split(' '), image, 'sh', '-c', `yes ${line} | head -c 200000000`],
		200_000_000,
	);

/** 20 containers, 10 at a time; what `measured` makes of their start. */
async function startMany(
	engine: BenchEngine,
	measured: (starts: () => Promise<unknown>) => Promise<number>,
): Promise<number> {
	const names = Array.from({ length: 20 }, fresh);
	const queue = [...names];
	const worker = async () => {
		for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
			await runWith(engine, '-d', '--name', name, image, 'sleep', '600');
		}
	};
	const value = await measured(() => Promise.all(Array.from({ length: 10 }, worker)));
	await engine.call('rm', '-f', ...names);
	return value;
}

const listed = new Map<string, string[]>();

export const cases: readonly BenchCase[] = [
	{ name: 'version', unit: 'ms', rounds: 15, once: (engine) => timed(() => engine.call('version')) },
	{
		name: 'run-rm-bridge',
		unit: 'ms',
		rounds: 10,
		once: (engine) => timed(() => runWith(engine, '--rm', image, 'true')),
	},
	{
		name: 'run-rm-none',
		unit: 'ms',
		rounds: 10,
		once: (engine) => timed(() => runWith(engine, '--rm', '--network', 'none', image, 'true')),
	},
	{
		name: 'run-d',
		unit: 'ms',
		rounds: 8,
		async once(engine) {
			const name = fresh();
			const took = await timed(() => runWith(engine, '-d', '--name', name, image, 'sleep', '600'));
			await engine.call('rm', '-f', name);
			return took;
		},
	},
	{
		name: 'exec',
		unit: 'ms',
		rounds: 10,
		before: (engine) => keep(engine, running, 'exec sleep 600'),
		once: (engine) => timed(() => engine.call('exec', running.get(engine.daemon) ?? '', 'true')),
		after: (engine) => drop(engine, running),
	},
	{
		name: 'rm-f',
		unit: 'ms',
		rounds: 8,
		async once(engine) {
			const name = fresh();
			await runWith(engine, '-d', '--name', name, image, 'sleep', '600');
			return timed(() => engine.call('rm', '-f', name));
		},
	},
	{
		name: '20-starts-10-at-a-time',
		unit: 'ms',
		rounds: 3,
		once: (engine) => startMany(engine, (starts) => timed(starts)),
	},
	{
		name: 'ps-a-with-100',
		unit: 'ms',
		rounds: 10,
		async before(engine) {
			const names = Array.from({ length: 100 }, fresh);
			listed.set(engine.daemon, names);
			const queue = [...names];
			const worker = async () => {
				for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
					await engine.call('create', '--name', name, image, 'true');
				}
			};
			await Promise.all(Array.from({ length: 4 }, worker));
		},
		once: (engine) => timed(() => engine.call('ps', '-a')),
		async after(engine) {
			const names = listed.get(engine.daemon) ?? [];
			if (names.length > 0) await engine.call('rm', '-f', ...names);
			listed.delete(engine.daemon);
		},
	},
	{ name: 'log-100MB', unit: 'ms', rounds: 3, once: (engine) => ranFor(engine, output100) },
	{
		name: 'read-log-100MB',
		unit: 'ms',
		rounds: 3,
		before: writeLog,
		once: (engine) => timed(() => readLog(engine)),
		after: (engine) => drop(engine, readers),
	},
	{
		name: 'attach-200MB',
		unit: 'ms',
		rounds: 3,
		once: (engine) => timed(() => attach200(engine)),
	},
	{
		name: 'ping-p99-in-20-starts',
		unit: 'ms',
		rounds: 1,
		perDaemon: true,
		once: (engine) => startMany(engine, (starts) => pingWhile(engine, starts)),
	},
	{
		name: 'ping-p99-in-read-log',
		unit: 'ms',
		rounds: 1,
		perDaemon: true,
		before: writeLog,
		once: (engine) => pingWhile(engine, () => readLog(engine)),
		after: (engine) => drop(engine, readers),
	},
	{
		name: 'ping-p99-in-attach',
		unit: 'ms',
		rounds: 1,
		perDaemon: true,
		once: (engine) => pingWhile(engine, () => attach200(engine)),
	},
	{
		name: 'daemon-idle-memory',
		unit: 'MiB',
		rounds: 1,
		perDaemon: true,
		// After all that it had to do, idle means that it had a moment to give back what it needs no more.
		before: () => Bun.sleep(4000),
		async once(engine) {
			const pids = engine.daemonPids();
			return pids.length === 0 ? null : pids.reduce((sum, pid) => sum + memoryOf(pid).pss, 0);
		},
	},
	{
		name: 'memory-per-container',
		unit: 'MiB',
		rounds: 1,
		perDaemon: true,
		async once(engine) {
			const names = Array.from({ length: 5 }, fresh);
			const before = new Set(engine.keeperPids());
			for (const name of names) await runWith(engine, '-d', '--name', name, '--network', 'none', image, 'sleep', '600');
			const keepers = engine.keeperPids().filter((pid) => !before.has(pid));
			const total = keepers.reduce((sum, pid) => sum + memoryOf(pid).private, 0);
			await engine.call('rm', '-f', ...names);
			return keepers.length === 0 ? null : total / names.length;
		},
	},
	{
		name: 'daemon-start',
		unit: 'ms',
		rounds: 3,
		perDaemon: true,
		async once(engine) {
			await engine.stopDaemon();
			return engine.startDaemon();
		},
	},
];
