import { mkdir, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { Container, MountPoint, MountRequest } from '../model.ts';
import { plainMount } from './mount-request.ts';
import type { VolumeBinder } from './volume-binder.ts';

/** What containers need of volumes. */
export interface VolumesForContainers {
	ensure(
		name: string,
		caller: Caller,
	): Promise<{ readonly name: string; readonly anonymous: boolean; readonly populated: boolean }>;
	find(name: string): { readonly anonymous: boolean; readonly populated: boolean } | undefined;
	path(name: string): string;
	markPopulated(name: string): void;
	remove(name: string, caller: Caller): Promise<void>;
	announce(name: string, action: 'mount' | 'unmount', attributes: Readonly<Record<string, string>>): void;
	/** Gives an empty volume what the image has at `destination`. */
	populate(name: string, rootfs: string, destination: string): Promise<void>;
}

/** What the process asked for in `-v` and `--mount`, plus the anonymous volumes of the image. */
function requestsOf(container: Container): readonly MountRequest[] {
	const given = container.hostConfig.mounts;
	const covered = new Set(given.map((one) => posix.normalize(one.target)));
	const anonymous = container.config.volumes
		.filter((target) => !covered.has(posix.normalize(target)))
		.map((target): MountRequest => ({ ...plainMount, type: 'volume', source: '', target }));
	return [...given, ...anonymous];
}

async function checkBindSource(request: MountRequest): Promise<void> {
	if (request.createSource) return;
	try {
		await stat(request.source);
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
			throw new EngineError(
				'invalid_argument',
				`invalid mount config for type "bind": bind source path does not exist: ${request.source}`,
			);
		}
		throw error;
	}
}

/** The binder over a volume service. */
export function createVolumeBinder(
	volumes: VolumesForContainers,
	usersOf: (name: string) => readonly string[],
): VolumeBinder {
	const held = new Map<string, Set<string>>();

	const pointOf = async (containerId: string, request: MountRequest, caller: Caller): Promise<MountPoint> => {
		const base = {
			destination: posix.normalize(request.target),
			mode: request.bindSpec?.split(':')[2] ?? '',
			rw: !request.readOnly,
		};
		switch (request.type) {
			case 'tmpfs':
				return { ...base, type: 'tmpfs', name: '', source: '', driver: '', propagation: '' };
			case 'bind':
				await checkBindSource(request);
				return {
					...base,
					type: 'bind',
					name: '',
					source: posix.normalize(request.source),
					driver: '',
					propagation: request.propagation || 'rprivate',
				};
			case 'volume': {
				const mine = held.get(containerId) ?? new Set();
				held.set(containerId, mine.add(request.source));
				const { name } = await volumes.ensure(request.source, caller);
				mine.add(name);
				return {
					...base,
					mode: base.mode || 'z',
					type: 'volume',
					name,
					source: volumes.path(name),
					driver: 'local',
					propagation: '',
				};
			}
		}
	};

	return {
		async bind(container, caller) {
			const points: MountPoint[] = [];
			try {
				for (const request of requestsOf(container)) points.push(await pointOf(container.id, request, caller));
			} catch (error) {
				for (const { name } of points.filter((one) => volumes.find(one.name)?.anonymous === true)) {
					await volumes.remove(name, caller);
				}
				throw error;
			}
			return points;
		},
		settle: (containerId) => void held.delete(containerId),
		holdersOf: (name) => [...held].filter(([, names]) => names.has(name)).map(([id]) => id),
		async prepare(container, rootfs) {
			const requests = new Map(requestsOf(container).map((one) => [posix.normalize(one.target), one]));
			for (const point of container.mountPoints) {
				const request = requests.get(point.destination);
				if (point.type === 'bind' && request?.createSource === true) await makeSource(point.source);
				if (point.type !== 'volume' || volumes.find(point.name)?.populated !== false) continue;
				if (request?.noCopy !== true) await volumes.populate(point.name, rootfs, point.destination);
				volumes.markPopulated(point.name);
			}
		},
		announce(container, action) {
			for (const { type, name, destination, rw } of container.mountPoints) {
				if (type !== 'volume') continue;
				volumes.announce(name, action, {
					container: container.id,
					destination,
					propagation: '',
					'read/write': String(rw),
				});
			}
		},
		async unbind(container, { removeAnonymous, caller }) {
			if (!removeAnonymous) return;
			for (const { name, type } of container.mountPoints) {
				if (type !== 'volume' || volumes.find(name)?.anonymous !== true) continue;
				if (usersOf(name).every((id) => id === container.id)) await volumes.remove(name, caller);
			}
		},
	};
}

/** Makes the directory to bind unless there is something to bind, a file for one. @throws `invalid_argument`. */
async function makeSource(path: string): Promise<void> {
	try {
		await mkdir(path, { recursive: true });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
		throw new EngineError('invalid_argument', `error while creating mount source path '${path}': ${messageOf(error)}`, {
			cause: error,
		});
	}
}
