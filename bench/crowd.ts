import { readFileSync } from 'node:fs';
import { type BenchCase, image } from './cases.ts';
import type { BenchEngine } from './engines.ts';
import { timed } from './measure.ts';

/** How many containers run while the cases of this file are measured. */
const size = 200;

/** What was made of a daemon: its containers run until the benchmark ends. */
interface Crowd {
	readonly names: readonly string[];
	/** Its shim is stopped by a signal, as a hanging one would be. */
	readonly stuck: string;
	readonly frozen: string;
}

const crowds = new Map<string, Promise<Crowd>>();

async function gather(engine: BenchEngine): Promise<Crowd> {
	const names = Array.from({ length: size }, (_, index) => `crowd-${process.pid}-${index}`);
	const queue = [...names];
	const worker = async () => {
		for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
			await engine.call('run', '-d', '--name', name, image, 'sleep', '3600');
		}
	};
	await Promise.all(Array.from({ length: 4 }, worker));
	return { names, stuck: names[0] ?? '', frozen: names[1] ?? '' };
}

/** The same for all clients of a daemon, made when it is first asked for. */
function crowdOf(engine: BenchEngine): Promise<Crowd> {
	const known = crowds.get(engine.daemon) ?? gather(engine);
	crowds.set(engine.daemon, known);
	return known;
}

/** The process that keeps a container. */
async function shimOf(engine: BenchEngine, name: string): Promise<number> {
	const pid = (await engine.call('inspect', '-f', '{{.State.Pid}}', name)).trim();
	return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function signalStuck(engine: BenchEngine, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
	process.kill(await shimOf(engine, (await crowdOf(engine)).stuck), signal);
}

/** All containers have a line of statistics, not the dashes of one that did not answer. */
async function statistics(engine: BenchEngine): Promise<void> {
	const table = await engine.call('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}');
	const told = table.split('\n').filter((line) => /^crowd-\S+ \d+$/.test(line.trim())).length;
	if (told !== size) throw new Error(`${engine.name}: statistics of ${told} containers, not of ${size}`);
}

const measures: Readonly<Record<string, (engine: BenchEngine, other: string) => Promise<unknown>>> = {
	ps: (engine) => engine.call('ps'),
	'stats-of-all': statistics,
	exec: (engine, other) => engine.call('exec', other, 'true'),
	'run-rm': (engine) => engine.call('run', '--rm', image, 'true'),
};

/** Gantry alone: the other engines take minutes to have a crowd. */
const measured = (engine: BenchEngine) => engine.daemon === 'gantry';

function crowdCase(name: string, stuck: boolean, rounds: number): BenchCase {
	const measure = measures[name];
	if (measure === undefined) throw new Error(name);
	return {
		name: `${name}-with-${size}${stuck ? '-one-stuck' : ''}`,
		unit: 'ms',
		rounds,
		async before(engine) {
			if (!measured(engine)) return;
			const { frozen } = await crowdOf(engine);
			if (!stuck) return;
			await engine.call('pause', frozen);
			await signalStuck(engine, 'SIGSTOP');
		},
		async once(engine) {
			if (!measured(engine)) return null;
			const { names } = await crowdOf(engine);
			return timed(() => measure(engine, names.at(-1) ?? ''));
		},
		async after(engine) {
			if (!measured(engine) || !stuck) return;
			await signalStuck(engine, 'SIGCONT');
			await engine.call('unpause', (await crowdOf(engine)).frozen);
		},
	};
}

/**
 * What a daemon with many containers does, and whether one whose shim hangs and one that is frozen slow the others. The
 * containers stay, so these cases come last.
 */
export const crowdCases: readonly BenchCase[] = [false, true].flatMap((stuck) => [
	crowdCase('ps', stuck, 15),
	crowdCase('stats-of-all', stuck, 3),
	crowdCase('exec', stuck, 8),
	crowdCase('run-rm', stuck, 8),
]);
