// npm run bench [-- --quick] [-- --only NAME]: Gantry beside dockerd and podman, alternating in one run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gantryProgram } from '../test/support/daemon.ts';
import { busyboxImage, writeDockerArchive } from '../test/support/image-builder.ts';
import { type BenchCase, cases, image } from './cases.ts';
import { crowdCases } from './crowd.ts';
import { type BenchEngine, DaemonPlace, daemonEngine, missing } from './engines.ts';
import { formatTable, median, type Samples } from './measure.ts';
import { createPullCases } from './pull.ts';

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

/** Seconds that the whole run aims at. On a machine that is too slow for it cases have fewer rounds, but at least one. */
const wholeBudget = options.quick ? 150 : 330;

/** One engine for each daemon. */
const distinct = (engines: readonly BenchEngine[]) =>
	engines.filter((engine, index) => engines.findIndex(({ daemon }) => daemon === engine.daemon) === index);

/** Measures one case on all engines within about so many seconds, in turns, so that the machine's moods hit all alike. */
async function measure(one: BenchCase, engines: readonly BenchEngine[], budget: number): Promise<Row> {
	const until = performance.now() + budget * 1000;
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
	for (const engine of distinct(engines)) await attempt(engine, async () => one.before?.(engine));
	// The first round warms up and does not count, unless it is the only one.
	for (let round = one.rounds === 1 ? 1 : 0; round <= rounds; round++) {
		if (round > 1 && performance.now() > until) break;
		for (const engine of engines) {
			await attempt(engine, async () => {
				const value = await one.once(engine);
				if (value !== null && round > 0) samples.get(engine.name)?.push(value);
			});
		}
	}
	for (const engine of distinct(engines)) {
		try {
			await one.after?.(engine);
		} catch (error) {
			console.error(`  after ${one.name} on ${engine.name}: ${String(error)}`);
		}
	}
	return { name: one.name, unit: one.unit, samples, failed };
}

/** The engines that were asked for and are there; says why one is left out. */
function makeEngines(): BenchEngine[] {
	const wanted = new Set(options.engines.split(','));
	const engines: BenchEngine[] = [];
	for (const kind of ['gantry', 'dockerd', 'podman'] as const) {
		const clients = kind === 'gantry' ? ['gantry', 'gantry-cli'] : [kind];
		if (!clients.some((client) => wanted.has(client))) continue;
		const why = missing(kind);
		if (why !== null) {
			console.error(`without ${kind}: ${why}`);
			continue;
		}
		const place = new DaemonPlace(kind);
		for (const client of clients) {
			if (wanted.has(client))
				engines.push(daemonEngine(client, place, [client === 'gantry-cli' ? gantryProgram : 'docker']));
		}
	}
	return engines;
}

/** Starts the engines and loads the image. One of the others that does not work here is left out, with the reason. */
async function startEngines(engines: readonly BenchEngine[], archive: string): Promise<BenchEngine[]> {
	const ready: BenchEngine[] = [];
	for (const engine of engines) {
		try {
			await engine.startDaemon();
			await engine.call('load', '-i', archive);
			await engine.call('run', '--rm', '--network', 'none', image, 'true');
			ready.push(engine);
		} catch (error) {
			if (engine.daemon === 'gantry') throw error;
			console.error(`without ${engine.name}: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return ready;
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
const pulls = createPullCases(work);
const rows: Row[] = [];
try {
	const archive = join(work, 'image.tar');
	writeDockerArchive(archive, busyboxImage(), image);
	const ready = await startEngines(engines, archive);
	const all = [...cases.slice(0, -1), ...pulls.cases, ...cases.slice(-1), ...crowdCases];
	const chosen = all.filter(
		({ name }) => options.only.length === 0 || options.only.some((only) => name.includes(only)),
	);
	if (chosen.length === 0) throw new Error(`no such measure; there are ${all.map(({ name }) => name).join(', ')}`);
	for (const [index, one] of chosen.entries()) {
		console.error(`· ${one.name}`);
		const budget = (wholeBudget - performance.now() / 1000) / (chosen.length - index);
		rows.push(await measure(one, one.perDaemon === true ? distinct(ready) : ready, budget));
	}
	const reference = ready.some(({ name }) => name === 'dockerd') ? 'dockerd' : (ready[0]?.name ?? '');
	console.log(
		formatTable(
			rows,
			ready.map(({ name }) => name),
			reference,
		),
	);
	console.log(`\nmedians; in brackets: times of ${reference}. All values: ${save(rows)}`);
} finally {
	await pulls.stop();
	for (const engine of distinct(engines)) {
		try {
			const ids = (await engine.call('ps', '-aq')).split('\n').filter((id) => id !== '');
			if (ids.length > 0) await engine.call('rm', '-f', ...ids);
		} catch (error) {
			console.error(`clearing ${engine.name}: ${String(error)}`);
		}
		await engine.close();
	}
	rmSync(work, { recursive: true, force: true });
}
process.exit(rows.some(({ failed }) => Object.keys(failed).some((name) => name.startsWith('gantry'))) ? 1 : 0);
