import type { ErrorCode } from '../../../errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { UnpackLimits } from '../types.ts';

/** What the daemon writes to the standard input of `unpack-layer`: one line of JSON. */
export interface UnpackJob {
	/** `input`: the blob's bytes follow the line. */
	readonly blob: { readonly at: 'file'; readonly path: string } | { readonly at: 'input'; readonly size: number };
	/** An empty directory. */
	readonly target: string;
	readonly diffId: Digest | null;
	readonly limits: UnpackLimits;
}

/** Bytes of the line, at most. */
export const maxJobBytes = 64 * 1024;

/** The lines of its standard output; the last one is `done` or `failed`. */
export type UnpackMessage =
	| { readonly kind: 'progress'; readonly current: number; readonly total: number }
	| { readonly kind: 'done'; readonly diffId: Digest; readonly size: number }
	| { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
