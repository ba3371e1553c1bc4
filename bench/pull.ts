import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEngine } from '../test/support/daemon.ts';
import { type BuiltImage, layeredImage } from '../test/support/image-builder.ts';
import { type InsideRegistry, startRegistryInside } from '../test/support/inside-registry.ts';
import type { BenchCase } from './cases.ts';
import type { BenchEngine } from './engines.ts';
import { pingWhile } from './latency.ts';
import { timed } from './measure.ts';

/**
 * Pulls of 8 layers of 32 MB from a registry on the engine's own loopback: of random bytes (moving, hashing, writing) and
 * of text (which has to be decompressed as well), and how soon the engine answers others meanwhile.
 */
export function createPullCases(work: string): BenchCase[] {
	const pulled = (engine: BenchEngine, pull: () => Promise<unknown>) => pingWhile(engine, pull);
	return [
		{ name: 'pull-8x32MB', rounds: 3, ...pullCase(join(work, 'random'), 'random', (_, pull) => timed(pull)) },
		{ name: 'pull-8x32MB-text', rounds: 3, ...pullCase(join(work, 'text'), 'text', (_, pull) => timed(pull)) },
		{ name: 'ping-p99-in-pull', rounds: 2, perDaemon: true, ...pullCase(join(work, 'ping'), 'random', pulled) },
	];
}

function pullCase(
	work: string,
	content: 'random' | 'text',
	measured: (engine: BenchEngine, pull: () => Promise<unknown>) => Promise<number>,
): Pick<BenchCase, 'unit' | 'before' | 'once' | 'after'> {
	let built: BuiltImage | null = null;
	const registries = new Map<string, { readonly registry: InsideRegistry; readonly name: string }>();
	return {
		unit: 'ms',
		async before(engine) {
			built ??= layeredImage(8, 32, { content });
			const folder = join(work, engine.daemon);
			mkdirSync(folder, { recursive: true });
			const place: Pick<TestEngine, 'work' | 'command'> = { work: folder, command: engine.command };
			const registry = await startRegistryInside(place);
			registries.set(engine.daemon, { registry, name: await registry.push(built, 'bench', 'pull') });
		},
		async once(engine) {
			const held = registries.get(engine.daemon);
			if (held === undefined) return null;
			const value = await measured(engine, () => engine.call('pull', held.name));
			await engine.call('rmi', held.name);
			return value;
		},
		async after(engine) {
			await registries.get(engine.daemon)?.registry.stop();
			registries.delete(engine.daemon);
			built = null;
		},
	};
}
