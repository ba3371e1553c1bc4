import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEngine } from '../test/support/daemon.ts';
import { type BuiltImage, layeredImage } from '../test/support/image-builder.ts';
import { type InsideRegistry, startRegistryInside } from '../test/support/inside-registry.ts';
import type { BenchCase } from './cases.ts';
import type { BenchEngine } from './engines.ts';
import { pingWhile } from './latency.ts';
import { timed } from './measure.ts';

/** The cases of pulls; `stop` ends the registries that they started. */
export interface PullCases {
	readonly cases: readonly BenchCase[];
	stop(): Promise<void>;
}

/**
 * Pulls of 8 layers of 32 MB from a registry on the engine's own loopback: of random bytes (moving, hashing, writing) and
 * of text (which has to be decompressed as well), and how soon the engine answers others meanwhile.
 */
export function createPullCases(work: string): PullCases {
	const random = createShelf(join(work, 'random'), 'random');
	const text = createShelf(join(work, 'text'), 'text');
	const pull = (shelf: Shelf, measured: Measured): Pick<BenchCase, 'unit' | 'before' | 'once'> => ({
		unit: 'ms',
		before: async (engine) => void (await shelf.nameFor(engine)),
		async once(engine) {
			const name = await shelf.nameFor(engine);
			const value = await measured(engine, () => engine.call('pull', name));
			await engine.call('rmi', name);
			return value;
		},
	});
	return {
		cases: [
			{ name: 'pull-8x32MB', rounds: 3, ...pull(random, (_, action) => timed(action)) },
			{ name: 'pull-8x32MB-text', rounds: 3, ...pull(text, (_, action) => timed(action)) },
			{ name: 'ping-p99-in-pull', rounds: 1, perDaemon: true, ...pull(random, pingWhile) },
		],
		async stop() {
			await Promise.all([random.stop(), text.stop()]);
		},
	};
}

type Measured = (engine: BenchEngine, action: () => Promise<unknown>) => Promise<number>;

/** An image in a registry of each daemon, made when it is first asked for. */
interface Shelf {
	nameFor(engine: BenchEngine): Promise<string>;
	stop(): Promise<void>;
}

function createShelf(work: string, content: 'random' | 'text'): Shelf {
	let built: BuiltImage | null = null;
	const held = new Map<string, { readonly registry: InsideRegistry; readonly name: string }>();
	return {
		async nameFor(engine) {
			const there = held.get(engine.daemon);
			if (there !== undefined) return there.name;
			built ??= layeredImage(8, 32, { content });
			const folder = join(work, engine.daemon);
			mkdirSync(folder, { recursive: true });
			const place: Pick<TestEngine, 'work' | 'command'> = { work: folder, command: engine.command };
			const registry = await startRegistryInside(place);
			const name = await registry.push(built, 'bench', 'pull');
			held.set(engine.daemon, { registry, name });
			return name;
		},
		async stop() {
			await Promise.all([...held.values()].map(({ registry }) => registry.stop()));
		},
	};
}
