import type { MountRequest } from '../model.ts';

/** A mount with nothing asked for beyond its kind, source and target. */
export const plainMount: Omit<MountRequest, 'type' | 'source' | 'target'> = {
	origin: 'mounts',
	readOnly: false,
	consistency: '',
	createSource: false,
	propagation: '',
	nonRecursive: false,
	readOnlyNonRecursive: false,
	readOnlyForceRecursive: false,
	tmpfsSize: 0,
	tmpfsMode: null,
	tmpfsOptions: [],
	noCopy: false,
	driver: '',
	driverOptions: {},
	labels: {},
	subpath: '',
	bindSpec: null,
};
