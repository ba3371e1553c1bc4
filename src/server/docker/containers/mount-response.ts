import type * as wire from '../../../api/container.ts';
import type { Container, MountPoint, MountRequest } from '../../../engine/containers/model.ts';

/** The mounts of a container as inspect and list show them. */
export function mountPointsResponse({ mountPoints }: Container): wire.MountPoint[] {
	// What `--tmpfs` asked for is only seen in HostConfig.
	return mountPoints.filter(({ request }) => request.origin !== 'tmpfs').map(mountPointResponse);
}

function mountPointResponse(mount: MountPoint): wire.MountPoint {
	return {
		Type: mount.type,
		...(mount.name === '' ? {} : { Name: mount.name }),
		Source: mount.source,
		Destination: mount.destination,
		...(mount.driver === '' ? {} : { Driver: mount.driver }),
		Mode: mount.mode,
		RW: mount.rw,
		Propagation: mount.propagation,
	};
}

const orNothing = <T extends object>(name: string, options: T) =>
	Object.keys(options).length === 0 ? {} : { [name]: options };

function bindOptions(mount: MountRequest): NonNullable<wire.MountSpec['BindOptions']> {
	return {
		...(mount.propagation === '' ? {} : { Propagation: mount.propagation as 'rprivate' }),
		...(mount.nonRecursive ? { NonRecursive: true } : {}),
		...(mount.createSource ? { CreateMountpoint: true } : {}),
		...(mount.readOnlyNonRecursive ? { ReadOnlyNonRecursive: true } : {}),
		...(mount.readOnlyForceRecursive ? { ReadOnlyForceRecursive: true } : {}),
	};
}

function volumeOptions(mount: MountRequest): NonNullable<wire.MountSpec['VolumeOptions']> {
	const driver = {
		...(mount.driver === '' ? {} : { Name: mount.driver }),
		...orNothing('Options', mount.driverOptions),
	};
	return {
		...(mount.noCopy ? { NoCopy: true } : {}),
		...orNothing('Labels', mount.labels),
		...orNothing('DriverConfig', driver),
		...(mount.subpath === '' ? {} : { Subpath: mount.subpath }),
	};
}

function tmpfsOptions(mount: MountRequest): NonNullable<wire.MountSpec['TmpfsOptions']> {
	return {
		...(mount.tmpfsSize === 0 ? {} : { SizeBytes: mount.tmpfsSize }),
		...(mount.tmpfsMode === null ? {} : { Mode: mount.tmpfsMode }),
		...(mount.tmpfsOptions.length === 0 ? {} : { Options: mount.tmpfsOptions.map((option) => option.split('=')) }),
	};
}

/** A mount as `HostConfig.Mounts` shows it: options only where they were given. */
export function mountSpec(mount: MountRequest): wire.MountSpec {
	const { type } = mount;
	return {
		Type: type,
		...(mount.source === '' ? {} : { Source: mount.source }),
		Target: mount.target,
		...(mount.readOnly ? { ReadOnly: true } : {}),
		...(mount.consistency === '' ? {} : { Consistency: mount.consistency }),
		...(type === 'bind' ? orNothing('BindOptions', bindOptions(mount)) : {}),
		...(type === 'volume' ? orNothing('VolumeOptions', volumeOptions(mount)) : {}),
		...(type === 'image' && mount.subpath !== '' ? { ImageOptions: { Subpath: mount.subpath } } : {}),
		...(type === 'tmpfs' ? orNothing('TmpfsOptions', tmpfsOptions(mount)) : {}),
	};
}
