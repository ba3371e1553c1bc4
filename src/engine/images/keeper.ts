import type { Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content.ts';
import type { Layers } from '../../store/snapshots/types.ts';
import type { Catalog } from './catalog.ts';

/** Blobs and layers that work in progress needs. At its end, what no record and no other work wants is removed. */
export interface KeepScope extends AsyncDisposable {
	/** Keeps a blob, there or to come. Await it before looking whether the blob is there. */
	blob(digest: Digest): Promise<void>;
	/** Keeps a layer, there or to come. Await it before looking whether the layer is there. */
	layer(chainId: Digest): Promise<void>;
	/** Gives one hold on a blob up before the end. */
	dropBlob(digest: Digest): Promise<void>;
}

/** Decides what of the content and layer stores may go. */
export interface Keeper {
	scope(): KeepScope;
	/** Removes those of these that nothing wants (layers: the topmost first). Gives the chain ids that went. */
	release(what: { readonly blobs: readonly Digest[]; readonly layers: readonly Digest[] }): Promise<readonly Digest[]>;
	/** Removes every blob and layer that nothing wants: what a crash left behind. */
	collect(): Promise<void>;
}

type Kind = 'blob' | 'layer';

/** A keeper over the stores; what the catalog names is wanted. */
export function createKeeper(deps: { catalog: Catalog; content: ContentStore; layers: Layers }): Keeper {
	const { catalog, content, layers } = deps;
	const holds = new Map<string, number>();
	const removals = new Map<string, Promise<unknown>>();

	const hold = async (key: string): Promise<void> => {
		holds.set(key, (holds.get(key) ?? 0) + 1);
		// Counted first: no new removal starts. One that runs already must end before anybody looks.
		await removals.get(key)?.catch(() => undefined);
	};

	const unhold = (key: string): void => {
		const left = (holds.get(key) ?? 1) - 1;
		if (left === 0) holds.delete(key);
		else holds.set(key, left);
	};

	const remove = async (kind: Kind, digest: Digest): Promise<void> => {
		const key = `${kind} ${digest}`;
		const before = removals.get(key);
		if (before !== undefined) return void (await before);
		const removal = kind === 'blob' ? content.remove(digest) : layers.remove(digest);
		removals.set(key, removal);
		try {
			await removal;
		} finally {
			removals.delete(key);
		}
	};

	const wanted = (): { blobs: Set<Digest>; layers: Set<Digest> } => {
		const sets = { blobs: new Set<Digest>(), layers: new Set<Digest>() };
		for (const record of catalog.list()) {
			for (const digest of record.blobs) sets.blobs.add(digest);
			for (const chainId of record.chainIds) sets.layers.add(chainId);
		}
		return sets;
	};

	const release: Keeper['release'] = async (what) => {
		const keep = wanted();
		const removed: Digest[] = [];
		const free = (kind: Kind, digest: Digest) =>
			!holds.has(`${kind} ${digest}`) && !(kind === 'blob' ? keep.blobs : keep.layers).has(digest);
		for (const chainId of what.layers) {
			if (!free('layer', chainId)) continue;
			await remove('layer', chainId);
			removed.push(chainId);
		}
		for (const digest of what.blobs) if (free('blob', digest)) await remove('blob', digest);
		// One that a container stands on is only marked, and goes with the container.
		const left = new Set(removed.length === 0 ? [] : layers.list().map(({ chainId }) => chainId));
		return removed.filter((chainId) => !left.has(chainId));
	};

	const scope = (): KeepScope => {
		const blobs: Digest[] = [];
		const held: Digest[] = [];
		return {
			async blob(digest) {
				blobs.push(digest);
				await hold(`blob ${digest}`);
			},
			async layer(chainId) {
				held.push(chainId);
				await hold(`layer ${chainId}`);
			},
			async dropBlob(digest) {
				const position = blobs.indexOf(digest);
				if (position < 0) return;
				blobs.splice(position, 1);
				unhold(`blob ${digest}`);
				await release({ blobs: [digest], layers: [] });
			},
			async [Symbol.asyncDispose]() {
				for (const digest of blobs) unhold(`blob ${digest}`);
				for (const chainId of held) unhold(`layer ${chainId}`);
				await release({ blobs: [...new Set(blobs)], layers: [...new Set(held)].reverse() });
			},
		};
	};

	return {
		scope,
		release,
		async collect() {
			const stored = await content.list();
			// Released ones as well: a crash between the release and the deletion leaves them, and all below them.
			await release({
				blobs: stored.map(({ digest }) => digest),
				layers: layers
					.list()
					.map(({ chainId }) => chainId)
					.reverse(),
			});
		},
	};
}
