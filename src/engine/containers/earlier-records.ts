import type { Container, MountPoint, MountRequest } from './model.ts';
import { plainMount } from './mounts/mount-request.ts';

/** What records of earlier versions lack. */
type Earlier = Omit<Container, 'links' | 'mountPoints' | 'hostConfig'> & {
	readonly links?: Container['links'];
	readonly mountPoints: readonly (Omit<MountPoint, 'request' | 'copyUp' | 'image'> & Partial<MountPoint>)[];
	readonly hostConfig: Omit<Container['hostConfig'], 'volumesFrom' | 'links' | 'mounts'> & {
		readonly mounts: readonly EarlierMount[];
	} & Partial<Pick<Container['hostConfig'], 'volumesFrom' | 'links'>>;
};

type EarlierMount = Pick<MountRequest, 'type' | 'source' | 'target' | 'bindSpec'> & Partial<MountRequest>;

function mountOf(given: EarlierMount): MountRequest {
	return { ...plainMount, origin: given.bindSpec === null ? 'mounts' : 'binds', ...given };
}

/** A container as recorded by this version or an earlier one, with all that it has now. */
export function completeRecord(given: Earlier): Container {
	const mounts = given.hostConfig.mounts.map(mountOf);
	const requestOf = ({ type, destination, name }: { type: MountPoint['type']; destination: string; name: string }) =>
		mounts.find(({ target }) => target === destination) ??
		// An anonymous volume's source is empty; what the user named stays.
		mountOf({ type, source: /^[0-9a-f]{64}$/.test(name) ? '' : name, target: destination, bindSpec: null });
	return {
		...given,
		links: given.links ?? [],
		hostConfig: { volumesFrom: [], links: [], ...given.hostConfig, mounts },
		mountPoints: given.mountPoints.map((point) => ({
			request: requestOf(point),
			copyUp: false,
			image: null,
			...point,
		})),
	};
}
