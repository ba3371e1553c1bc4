import type { Caller } from '../../../events/types.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { PathChange, PathStat } from '../../../store/files/protocol.ts';
import type { CommitRequest } from '../ports.ts';

export type { PathChange, PathStat };

/** How to unpack into a container. */
export interface ExtractOptions {
	/** Neither replace a directory by something else nor the other way round. */
	readonly keepKind: boolean;
	/** Give everything to the container's user instead of whom the tar says. */
	readonly asUser: boolean;
}

/** How to make an image of a container. */
export interface CommitOptions
	extends Pick<CommitRequest, 'config' | 'changes' | 'repository' | 'tag' | 'author' | 'comment'> {
	/** Pause it, if it runs, while its files are read. */
	readonly pause: boolean;
}

/**
 * The files of containers, running or not, with their volumes. `ref` as for the other verbs. Nothing at the path:
 * `not_found` (`Could not find the file PATH in container NAME`). The streams end with `signal`, or when they are left.
 */
export interface ContainerFiles {
	/** What is at a path; a link at its end is not followed, unless the path ends in `/`. */
	stat(ref: string, path: string, signal: AbortSignal): Promise<PathStat>;
	/** The tar of it, named after the path's last name. */
	archive(
		ref: string,
		path: string,
		caller: Caller,
		signal: AbortSignal,
	): Promise<{ readonly stat: PathStat; readonly tar: AsyncIterable<Uint8Array> }>;
	/** Unpacks a tar, plain or compressed, into a directory. @throws `invalid_argument`, `forbidden` when it takes no writes, `exhausted`. */
	extract(
		ref: string,
		path: string,
		options: ExtractOptions,
		tar: AsyncIterable<Uint8Array>,
		caller: Caller,
		signal: AbortSignal,
	): Promise<void>;
	/** What differs from the image, in the order of paths. Volumes do not count. */
	changes(ref: string, signal: AbortSignal): Promise<readonly PathChange[]>;
	/** The tar of the whole root filesystem, without what is mounted on it. */
	export(ref: string, caller: Caller, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
	/** Makes an image of it; gives the image's id. @throws `invalid_argument`, `conflict` while it is being removed. */
	commit(ref: string, options: CommitOptions, caller: Caller, signal: AbortSignal): Promise<Digest>;
}
