import type { ErrorCode } from '../../../errors.ts';

/** What the process of the role `measure` says of one folder. */
export type Measured =
	| { readonly kind: 'size'; readonly folder: string; readonly bytes: number }
	| { readonly kind: 'failed'; readonly folder: string; readonly code: ErrorCode; readonly message: string };
