import { EngineError } from '../../errors.ts';
import type { Caller } from '../../events/types.ts';
import type { Filters } from '../filters.ts';
import { volumeTest } from './filters.ts';
import { anonymousLabel, type Volume, type VolumeRequest, type Volumes } from './volumes.ts';

/** A volume and where it is. */
export interface VolumeView extends Volume {
	readonly mountpoint: string;
}

/** Volumes as users manage them. */
export interface VolumeService {
	/** Makes it, or answers with the one of that name. @throws `invalid_argument`, `not_found` (driver). */
	create(request: VolumeRequest, caller: Caller): Promise<VolumeView>;
	/** @throws `not_found` (`get NAME: no such volume`). */
	get(name: string): VolumeView;
	/** @throws `invalid_argument` for an unknown filter. */
	list(filters: Filters): readonly VolumeView[];
	/** @throws `not_found` unless `force`; `conflict` while a container uses it. */
	remove(name: string, options: { readonly force: boolean }, caller: Caller): Promise<void>;
	/** Removes what no container uses: anonymous ones, with the filter `all=true` named ones too; never one with a device. */
	prune(filters: Filters, caller: Caller): Promise<{ readonly removed: readonly string[]; readonly reclaimed: number }>;
}

export interface VolumeServiceDependencies {
	readonly volumes: Volumes;
	/** Ids of the containers that use a volume, those being made included. */
	readonly usersOf: (name: string) => readonly string[];
	/** Bytes on disk below a directory. */
	readonly usage: (path: string) => Promise<number>;
}

/** Wires the service. */
export function createVolumeService(dependencies: VolumeServiceDependencies): VolumeService {
	const { volumes, usersOf, usage } = dependencies;
	const view = (volume: Volume): VolumeView => ({ ...volume, mountpoint: volumes.path(volume.name) });
	const inUse = (name: string): boolean => usersOf(name).length > 0;
	const matching = (filters: Filters, known: readonly string[]): readonly Volume[] =>
		volumes.list().filter(volumeTest(filters, known, inUse, ({ labels }) => Object.hasOwn(labels, anonymousLabel)));

	const get = (name: string): Volume => {
		const volume = volumes.find(name);
		if (volume === undefined) throw new EngineError('not_found', `get ${name}: no such volume`);
		return volume;
	};

	return {
		create: async (request, caller) => view(await volumes.ensure(request, caller)),
		get: (name) => view(get(name)),
		list: (filters) => matching(filters, ['name', 'driver', 'label', 'dangling']).map(view),
		async remove(name, { force }, caller) {
			if (force && volumes.find(name) === undefined) return;
			get(name);
			const users = usersOf(name);
			if (users.length > 0) {
				throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
			}
			await volumes.remove(name, caller);
		},
		async prune(filters, caller) {
			const removed: string[] = [];
			let reclaimed = 0;
			for (const { name, options } of matching(filters, ['label', 'label!', 'all'])) {
				if (options !== null || inUse(name)) continue;
				const size = await usage(volumes.path(name));
				if (inUse(name)) continue;
				await volumes.remove(name, caller);
				removed.push(name);
				reclaimed += size;
			}
			return { removed, reclaimed };
		},
	};
}
