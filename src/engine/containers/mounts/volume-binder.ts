import type { Caller } from '../../../events/types.ts';
import type { Container, MountPoint } from '../model.ts';

/** Turns the mounts that a container asks for into mount points: checks bind sources, makes and finds volumes. */
export interface VolumeBinder {
	/**
	 * Its volumes are held for it until `settle`: nobody removes them before the container is recorded.
	 * @throws `invalid_argument` for a source or target that cannot be.
	 */
	bind(container: Container, caller: Caller): Promise<readonly MountPoint[]>;
	/** The container is recorded, or will not be. */
	settle(containerId: string): void;
	/** Ids of the containers that are being made with a volume. */
	holdersOf(name: string): readonly string[];
	/** Before each start: binds' missing sources are made, volumes get the image's content once. `rootfs` is the mounted root. */
	prepare(container: Container, rootfs: string): Promise<void>;
	/** Tells, as events of its volumes, that a run mounts them or does so no more. */
	announce(container: Container, action: 'mount' | 'unmount'): void;
	/** Lets go of its volumes; `removeAnonymous` removes those without a name of their own. */
	unbind(container: Container, options: { readonly removeAnonymous: boolean; readonly caller: Caller }): Promise<void>;
}
