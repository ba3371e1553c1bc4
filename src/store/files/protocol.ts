import type { ErrorCode } from '../../errors.ts';

/** A mount that is to be seen at `destination`, a path in the container. */
export interface ViewMount {
	/** A path on the host. */
	readonly source: string;
	readonly destination: string;
	readonly writable: boolean;
	readonly recursive: boolean;
}

/** A container's files as they are to be seen: its root with its mounts, in their order. */
export interface View {
	/** A mounted root filesystem. */
	readonly root: string;
	/** A mount that has the roots of all containers below it; the other ones are let go of. */
	readonly roots: string;
	readonly readOnly: boolean;
	readonly mounts: readonly ViewMount[];
}

/** What the daemon asks a process of the role `container-files` to do: one line of JSON on its standard input. */
export type FilesJob =
	/** Says what is at `path`, not following a link at its end. */
	| { readonly kind: 'stat'; readonly view: View; readonly path: string }
	/** The same; then the tar of it. */
	| { readonly kind: 'archive'; readonly view: View; readonly path: string }
	/** Unpacks the tar that follows the line into the directory `path`. */
	| {
			readonly kind: 'extract';
			readonly view: View;
			readonly path: string;
			/** Neither replace a directory by something else nor the other way round. */
			readonly keepKind: boolean;
			/** Whom to give everything; null: as the tar says. */
			readonly owner: { readonly uid: number; readonly gid: number } | null;
	  }
	/** The tar of all below the directory `root`. */
	| { readonly kind: 'export'; readonly root: string }
	/** The tar of an overlay's upper directory in the form of an image's layer. */
	| { readonly kind: 'layer'; readonly upper: string }
	/** What `upper` changes of the directories `lower`, topmost first: a line per change. */
	| { readonly kind: 'changes'; readonly upper: string; readonly lower: readonly string[] };

/** Bytes of the line, at most. */
export const maxJobBytes = 1024 * 1024;

/** What is at a path of a container. */
export interface PathStat {
	readonly name: string;
	/** Bytes. */
	readonly size: number;
	/** As stat(2) has it. */
	readonly mode: number;
	/** Nanoseconds since the epoch, in decimal. */
	readonly mtime: string;
	/** What a symbolic link leads to in the container, absolute; '' for anything else. */
	readonly linkTarget: string;
}

/** A path that is not as in the image; `mode` says how. */
export interface PathChange {
	readonly path: string;
	readonly kind: 'modified' | 'added' | 'deleted';
}

/** The first line of standard output; `failed` may also come, as the last line of standard error, after it. */
export type FilesAnswer =
	| { readonly kind: 'stat'; readonly stat: PathStat }
	/** Bytes follow, or lines. */
	| { readonly kind: 'ready' }
	| { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
