import type { Caller } from '../../events/types.ts';
import type { Container, MountPoint } from './model.ts';

/** Turns the mounts that a container asks for into mount points: checks bind sources, makes and finds volumes. */
export interface VolumeBinder {
	/** @throws `invalid_argument` for a source or target that cannot be. */
	bind(container: Container, caller: Caller): Promise<readonly MountPoint[]>;
	/** Before each start: binds' missing sources are made, volumes get the image's content once. `rootfs` is the mounted root. */
	prepare(container: Container, rootfs: string): Promise<void>;
	/** Lets go of its volumes; `removeAnonymous` removes those without a name of their own. */
	unbind(container: Container, options: { readonly removeAnonymous: boolean; readonly caller: Caller }): Promise<void>;
}
