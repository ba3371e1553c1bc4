import type { MountRequest } from '../model.ts';

/** A mount with nothing asked for beyond its kind, source and target. */
export const plainMount: Omit<MountRequest, 'type' | 'source' | 'target'> = {
	readOnly: false,
	createSource: false,
	propagation: '',
	nonRecursive: false,
	tmpfsSize: 0,
	tmpfsMode: null,
	tmpfsOptions: [],
	noCopy: false,
	bindSpec: null,
};
