import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { Container, MountPoint, MountRequest } from '../model.ts';
import { plainMount } from './mount-request.ts';
import type { BindPlaces, ImagesForMounts, SnapshotsForMounts, VolumesForContainers } from './ports.ts';
import { parseVolumesFrom } from './volumes-from.ts';

/** What resolving mounts stands on. */
export interface MountPointDependencies {
	readonly volumes: VolumesForContainers;
	readonly images: ImagesForMounts;
	readonly snapshots: SnapshotsForMounts;
	readonly places: BindPlaces;
	/** By id, name or prefix. @throws `not_found` */
	readonly containerOf: (ref: string) => Container;
}

/** One mount to be: as asked for, or as another container has it. */
export type Wanted =
	| { readonly from: 'request'; readonly request: MountRequest }
	| { readonly from: 'container'; readonly point: MountPoint; readonly readOnly: boolean };

const targetOf = (one: Wanted): string =>
	cleanTarget(one.from === 'request' ? one.request.target : one.point.destination);

/** A mount's target as it is compared: absolute, without `..` and a slash at the end. */
export function cleanTarget(target: string): string {
	return posix.normalize(target).replace(/(.)\/+$/, '$1');
}

/**
 * All mounts of a container: the other containers' first, which its own replace where they meet, then what `-v`, `--mount`
 * and `--tmpfs` ask for, then an anonymous volume for each that the image or the user wants at a place still free.
 */
export function wantedMounts(container: Container, containerOf: (ref: string) => Container): readonly Wanted[] {
	const wanted = new Map<string, Wanted>();
	const put = (one: Wanted) => {
		wanted.delete(targetOf(one));
		wanted.set(targetOf(one), one);
	};
	const specs = container.hostConfig.volumesFrom.map(parseVolumesFrom);
	for (const { container: ref, readOnly } of specs) {
		for (const point of found(ref, containerOf).mountPoints) {
			// A tmpfs is a container's own.
			if (point.type !== 'tmpfs') put({ from: 'container', point, readOnly });
		}
	}
	for (const request of container.hostConfig.mounts) put({ from: 'request', request });
	const driver = container.hostConfig.volumeDriver;
	for (const target of container.config.volumes) {
		if (!target.startsWith('/')) {
			throw new EngineError('invalid_argument', `invalid mount path: '${target}' mount path must be absolute`);
		}
		if (cleanTarget(target) === '/') {
			throw new EngineError('invalid_argument', `invalid specification: destination can't be '/'`);
		}
		if (wanted.has(cleanTarget(target))) continue;
		put({ from: 'request', request: { ...plainMount, origin: 'config', type: 'volume', source: '', target, driver } });
	}
	return [...wanted.values()];
}

/** Not `not_found`: clients would take that for a missing image, and pull it. */
function found(ref: string, containerOf: (ref: string) => Container): Container {
	try {
		return containerOf(ref);
	} catch (error) {
		if (codeOf(error) !== 'not_found') throw error;
		throw new EngineError('invalid_argument', messageOf(error), { cause: error });
	}
}

/** @throws `invalid_argument` when there is nothing at the source of a bind. */
export async function checkBindSource(source: string): Promise<void> {
	try {
		await stat(source);
	} catch (error) {
		const code = (error as NodeJS.ErrnoException).code ?? '';
		if (!['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(code)) throw error;
		throw new EngineError(
			'invalid_argument',
			`invalid mount config for type "bind": bind source path does not exist: ${source}`,
		);
	}
}

/** How a bind spreads: as asked for, else not at all, but one that contains the engine's own mounts follows their going. */
function propagationOf({ propagation, source }: MountRequest, { dataRoot }: BindPlaces): string {
	const contains = source === '/' || dataRoot === source || dataRoot.startsWith(`${source}/`);
	if (!contains) return propagation || 'rprivate';
	if (propagation === '') return 'rslave';
	if (/slave|shared/.test(propagation)) return propagation;
	throw new EngineError(
		'invalid_argument',
		`invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: "${dataRoot}", bind mount source: "${source}", propagation: "${propagation}"`,
	);
}

/** The mode that inspect shows. */
function modeOf({ type, origin, bindSpec }: MountRequest): string {
	const given = bindSpec?.split(':')[2] ?? '';
	return given === '' && type === 'volume' && origin !== 'config' ? 'z' : given;
}

/** Resolves one mount. `index` tells the mounts of a container apart. @throws as `VolumeBinder.bind` */
export async function mountPointOf(
	container: Container,
	{ wanted, index }: { readonly wanted: Wanted; readonly index: number },
	caller: Caller,
	dependencies: MountPointDependencies,
): Promise<MountPoint> {
	if (wanted.from === 'container') return pointFrom(container, index, wanted, dependencies);
	const { request } = wanted;
	const base = {
		type: request.type,
		destination: cleanTarget(request.target),
		mode: modeOf(request),
		rw: !request.readOnly,
		name: '',
		source: '',
		driver: '',
		propagation: '',
		request,
		copyUp: false,
		image: null,
	};
	switch (request.type) {
		case 'tmpfs':
			return base;
		case 'bind': {
			const source = cleanTarget(request.source);
			if (!request.createSource) await checkBindSource(source);
			return { ...base, source, propagation: propagationOf({ ...request, source }, dependencies.places) };
		}
		case 'image':
			return { ...base, ...(await imagePoint(container, index, request.source, dependencies)) };
		case 'volume': {
			const { driver, driverOptions: options, labels } = request;
			const { name } = await dependencies.volumes.ensure({ name: request.source, driver, labels, options }, caller);
			const copyUp = !request.noCopy && request.subpath === '';
			return { ...base, name, source: dependencies.volumes.path(name), driver: 'local', copyUp };
		}
	}
}

async function pointFrom(
	container: Container,
	index: number,
	{ point, readOnly }: Extract<Wanted, { from: 'container' }>,
	dependencies: MountPointDependencies,
): Promise<MountPoint> {
	const shared = { ...point, mode: '', rw: point.rw && !readOnly, copyUp: false };
	if (point.image === null) return shared;
	return { ...shared, ...(await imagePoint(container, index, point.image.id, dependencies)), name: point.name };
}

/** A snapshot of the image for this container alone. */
async function imagePoint(
	container: Container,
	index: number,
	ref: string,
	{ images, snapshots }: MountPointDependencies,
): Promise<Pick<MountPoint, 'name' | 'source' | 'rw' | 'image'>> {
	const { id, chainId } = await images.resolve(ref, '');
	const snapshot = `${container.id}.${index}`;
	await snapshots.create(snapshot, chainId);
	return { name: ref, source: snapshots.describe(snapshot)?.path ?? '', rw: false, image: { id, snapshot } };
}
