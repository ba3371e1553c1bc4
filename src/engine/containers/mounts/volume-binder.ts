import type { Caller } from '../../../events/types.ts';
import type { SpecMount } from '../../../runtime/spec/input.ts';
import type { Container, MountPoint } from '../model.ts';

/** Turns the mounts that a container asks for into mount points: checks bind sources, makes and finds volumes. */
export interface VolumeBinder {
	/**
	 * Its volumes are held for it until `settle`: nobody removes them before the container is recorded. When it throws,
	 * nothing of it is left.
	 * @throws `invalid_argument` for a source or target that cannot be, `not_found` for what it names.
	 */
	bind(container: Container, caller: Caller): Promise<readonly MountPoint[]>;
	/** Gives its volumes that are empty what the image has there. `mountRoot` is called when there is such a volume. */
	populate(container: Container, mountRoot: () => Promise<string>): Promise<void>;
	/** The container is recorded, or will not be. */
	settle(containerId: string): void;
	/** Ids of the containers that are being made with a volume. */
	holdersOf(name: string): readonly string[];
	/** Lets go of its volumes; `removeAnonymous` removes those without a name of their own that nobody else has. */
	unbind(container: Container, options: { readonly removeAnonymous: boolean; readonly caller: Caller }): Promise<void>;
}

/** Mounts until they are given back. */
export interface BorrowedMounts extends AsyncDisposable {
	readonly mounts: readonly SpecMount[];
}

/** What is mounted for the time of a run. */
export interface RunMounts {
	/**
	 * Before each start: volumes' devices, images and subpaths are mounted, binds' missing sources are made. Gives what the
	 * runtime is to mount on `rootfs`. What was done when it throws is undone by `close`.
	 */
	open(container: Container, rootfs: string): Promise<readonly SpecMount[]>;
	/** After each run, also one that did not come to be. Nothing there is fine. */
	close(container: Container): Promise<void>;
	/** The same for a reader of the container's files, running or not; nobody is told. It is given back by disposing of it. */
	borrow(container: Container): Promise<BorrowedMounts>;
	/** At boot: takes over what the running containers use, takes the rest away. */
	reconcile(running: readonly Container[]): Promise<void>;
}
