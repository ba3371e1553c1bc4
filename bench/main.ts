// npm run bench [-- --quick] [-- --only NAME]: Gantry beside dockerd and podman, alternating in one run.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gantryProgram } from '../test/support/daemon.ts';
import { busyboxImage, writeDockerArchive } from '../test/support/image-builder.ts';
import { type BenchCase, cases, image } from './cases.ts';
import { type BenchEngine, DaemonPlace, daemonEngine, podmanEngine } from './engines.ts';
import { formatTable, median, type Samples } from './measure.ts';
import { createPullCase } from './pull.ts';

interface Row {
	readonly name: string;
	readonly unit: string;
	readonly samples: Samples;
	readonly failed: Record<string, string>;
}

const { values: options } = parseArgs({
	options: {
		quick: { type: 'boolean', default: false },
		only: { type: 'string', multiple: true, default: [] },
		engines: { type: 'string', default: 'gantry,gantry-cli,dockerd,podman' },
	},
});

/** Measures one case on all engines, in turns, so that the machine's moods hit all alike. */
async function measure(one: BenchCase, engines: readonly BenchEngine[]): Promise<Row> {
	const samples: Samples = new Map(engines.map(({ name }) => [name, []]));
	const failed: Record<string, string> = {};
	const attempt = async (engine: BenchEngine, action: () => Promise<void>) => {
		if (failed[engine.name] !== undefined) return;
		try {
			await action();
		} catch (error) {
			failed[engine.name] = error instanceof Error ? error.message : String(error);
			console.error(`  ${one.name} on ${engine.name}: ${failed[engine.name]?.slice(0, 500)}`);
		}
	};
	const rounds = options.quick ? Math.min(one.rounds, 3) : one.rounds;
	for (const engine of engines) await attempt(engine, async () => one.before?.(engine));
	// The first round warms up and does not count, unless it is the only one.
	for (let round = one.rounds === 1 ? 1 : 0; round <= rounds; round++) {
		for (const engine of engines) {
			await attempt(engine, async () => {
				const value = await one.once(engine);
				if (value !== null && round > 0) samples.get(engine.name)?.push(value);
			});
		}
	}
	for (const engine of engines) {
		try {
			await one.after?.(engine);
		} catch (error) {
			console.error(`  after ${one.name} on ${engine.name}: ${String(error)}`);
		}
	}
	return { name: one.name, unit: one.unit, samples, failed };
}

function makeEngines(): BenchEngine[] {
	const wanted = new Set(options.engines.split(','));
	const engines: BenchEngine[] = [];
	if (wanted.has('gantry') || wanted.has('gantry-cli')) {
		const place = new DaemonPlace('gantry');
		if (wanted.has('gantry')) engines.push(daemonEngine('gantry', place, ['docker']));
		if (wanted.has('gantry-cli')) engines.push(daemonEngine('gantry-cli', place, [gantryProgram]));
	}
	if (wanted.has('dockerd') && existsSync('/usr/sbin/dockerd')) {
		engines.push(daemonEngine('dockerd', new DaemonPlace('dockerd'), ['docker']));
	}
	if (wanted.has('podman')) {
		const podman = podmanEngine();
		if (podman !== null) engines.push(podman);
	}
	return engines;
}

function save(rows: readonly Row[]): string {
	const folder = join(import.meta.dir, 'results');
	mkdirSync(folder, { recursive: true });
	const path = join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`);
	const results = rows.map(({ name, unit, samples, failed }) => ({
		name,
		unit,
		engines: Object.fromEntries(
			[...samples].map(([engine, values]) => [engine, { median: values.length === 0 ? null : median(values), values }]),
		),
		failed,
	}));
	const host = { kernel: release(), cpus: cpus().length, cpu: cpus()[0]?.model };
	writeFileSync(
		path,
		`${JSON.stringify({ at: new Date().toISOString(), host, quick: options.quick, results }, null, '\t')}\n`,
	);
	return path;
}

const work = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
const engines = makeEngines();
const rows: Row[] = [];
try {
	const archive = join(work, 'image.tar');
	writeDockerArchive(archive, busyboxImage(), image);
	for (const engine of engines) await engine.startDaemon();
	for (const engine of engines) await engine.call('load', '-i', archive);
	const all = [...cases.slice(0, -1), createPullCase(work), ...cases.slice(-1)];
	const chosen = all.filter(
		({ name }) => options.only.length === 0 || options.only.some((only) => name.includes(only)),
	);
	if (chosen.length === 0) throw new Error(`no such measure; there are ${all.map(({ name }) => name).join(', ')}`);
	for (const one of chosen) {
		console.error(`· ${one.name}`);
		// Two clients of one daemon start and weigh the same.
		const perDaemon = one.name.startsWith('daemon-') || one.name.startsWith('memory-');
		const who = perDaemon
			? engines.filter((engine, index) => engines.findIndex(({ daemon }) => daemon === engine.daemon) === index)
			: engines;
		rows.push(await measure(one, who));
	}
	const reference = engines.some(({ name }) => name === 'dockerd') ? 'dockerd' : (engines[0]?.name ?? '');
	console.log(
		formatTable(
			rows,
			engines.map(({ name }) => name),
			reference,
		),
	);
	console.log(`\nmedians; in brackets: times of ${reference}. All values: ${save(rows)}`);
} finally {
	const closed = new Set<string>();
	for (const engine of engines) {
		if (closed.has(engine.daemon)) continue;
		closed.add(engine.daemon);
		try {
			if (engine.daemon !== 'podman') {
				const ids = (await engine.call('ps', '-aq')).split('\n').filter((id) => id !== '');
				if (ids.length > 0) await engine.call('rm', '-f', ...ids);
			}
		} catch (error) {
			console.error(`clearing ${engine.name}: ${String(error)}`);
		}
		await engine.close();
	}
	rmSync(work, { recursive: true, force: true });
}
process.exit(rows.some(({ failed }) => Object.keys(failed).some((name) => name.startsWith('gantry'))) ? 1 : 0);
