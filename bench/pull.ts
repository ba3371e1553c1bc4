import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEngine } from '../test/support/daemon.ts';
import { type BuiltImage, layeredImage } from '../test/support/image-builder.ts';
import { type InsideRegistry, startRegistryInside } from '../test/support/inside-registry.ts';
import type { BenchCase } from './cases.ts';
import { timed } from './measure.ts';

/** Pulls 8 layers of 32 MB from a registry on the engine's own loopback. */
export function createPullCase(work: string): BenchCase {
	let built: BuiltImage | null = null;
	const registries = new Map<string, { readonly registry: InsideRegistry; readonly name: string }>();
	return {
		name: 'pull-8x32MB',
		unit: 'ms',
		rounds: 3,
		async before(engine) {
			built ??= layeredImage(8, 32);
			const folder = join(work, engine.daemon);
			mkdirSync(folder, { recursive: true });
			const place: Pick<TestEngine, 'work' | 'command'> = { work: folder, command: engine.command };
			const registry = await startRegistryInside(place);
			registries.set(engine.daemon, { registry, name: await registry.push(built, 'bench', 'pull') });
		},
		async once(engine) {
			const held = registries.get(engine.daemon);
			if (held === undefined) return null;
			const took = await timed(() => engine.call('pull', held.name));
			await engine.call('rmi', held.name);
			return took;
		},
		async after(engine) {
			await registries.get(engine.daemon)?.registry.stop();
			registries.delete(engine.daemon);
		},
	};
}
