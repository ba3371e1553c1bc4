import type { Caller } from '../../../events/types.ts';
import type { MountPoint } from '../model.ts';
import { type MountPointDependencies, mountPointOf, wantedMounts } from './mount-points.ts';
import type { VolumeBinder } from './volume-binder.ts';

export interface BinderDependencies extends MountPointDependencies {
	/** Ids of the containers that have a volume. */
	readonly usersOf: (name: string) => readonly string[];
}

/** The binder over volumes, images and snapshots. */
export function createVolumeBinder(dependencies: BinderDependencies): VolumeBinder {
	const { volumes, snapshots, usersOf, containerOf } = dependencies;
	const held = new Map<string, Set<string>>();
	const holdersOf = (name: string): string[] => [...held].filter(([, names]) => names.has(name)).map(([id]) => id);

	const letGo = async (id: string, points: readonly MountPoint[], removeAnonymous: boolean, caller: Caller) => {
		for (const { image } of points) if (image !== null) await snapshots.remove(image.snapshot);
		if (!removeAnonymous) return;
		for (const { name, type, request } of points) {
			// Who named a volume keeps it, even one that nobody else ever named.
			if (type !== 'volume' || request.source !== '' || volumes.find(name) === undefined) continue;
			if ([...usersOf(name), ...holdersOf(name)].every((user) => user === id)) await volumes.remove(name, caller);
		}
	};

	return {
		async bind(container, caller) {
			const wanted = wantedMounts(container, containerOf);
			const mine = new Set<string>();
			held.set(container.id, mine);
			const points: MountPoint[] = [];
			try {
				for (const [index, one] of wanted.entries()) {
					// Before it is made: nobody may remove it in between.
					const name = one.from === 'container' ? one.point.name : one.request.source;
					mine.add(name);
					const point = await mountPointOf(container, { wanted: one, index }, caller, dependencies);
					if (point.type === 'volume') mine.add(point.name);
					points.push(point);
				}
			} catch (error) {
				await letGo(container.id, points, true, caller);
				throw error;
			}
			return points;
		},
		async populate(container, mountRoot) {
			for (const { type, name, destination, copyUp } of container.mountPoints) {
				if (type !== 'volume' || !copyUp) continue;
				await volumes.populate(name, { mountRoot, destination, user: container.id });
			}
		},
		settle: (containerId) => void held.delete(containerId),
		holdersOf,
		unbind: (container, { removeAnonymous, caller }) =>
			letGo(container.id, container.mountPoints, removeAnonymous, caller),
	};
}
