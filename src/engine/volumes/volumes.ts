import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller } from '../../events/types.ts';
import { checkDriverOptions, type DriverOptions } from './driver-options.ts';
import { unmountForRemoval } from './unmount-all.ts';

/** A volume of the `local` driver, as recorded under its name. */
export interface Volume {
	readonly name: string;
	/** RFC 3339. */
	readonly createdAt: string;
	readonly labels: Readonly<Record<string, string>>;
	/** null: none were given. See `deviceMountOf`. */
	readonly options: DriverOptions | null;
}

/** What a new volume is to be. */
export interface VolumeRequest {
	/** `''`: a name is made up, and the volume is marked as anonymous. */
	readonly name: string;
	/** `''`: `local`. */
	readonly driver: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly options: DriverOptions;
}

/** Volumes by name. */
export interface Volumes {
	find(name: string): Volume | undefined;
	/** In the order of their making. */
	list(): readonly Volume[];
	/**
	 * The volume of that name, whatever it was made with; made when missing.
	 * @throws `invalid_argument` for a bad name or option, `not_found` for a driver that is not there.
	 */
	ensure(request: VolumeRequest, caller: Caller): Promise<Volume>;
	/** Where its content is. */
	path(name: string): string;
	/** Removes it with its content, not its device's; not there is fine. The caller knows that nobody uses it. @throws `conflict` for a mount that is not ours */
	remove(name: string, caller: Caller): Promise<void>;
	/** Tells of a container's use. */
	announce(name: string, action: 'mount' | 'unmount', attributes: Readonly<Record<string, string>>): void;
}

interface VolumeRecords {
	get(id: string): Volume | undefined;
	put(id: string, value: Volume): void;
	delete(id: string): boolean;
	list(): Volume[];
}

/** The label of a volume that nobody named, as dockerd has it. */
export const anonymousLabel = 'com.docker.volume.anonymous';

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const shortestName = 2;
const longestName = 255;
/** No volume's name begins so. */
const discarded = '.removed-';

function checkName(name: string): void {
	if (name.length < shortestName) {
		throw new EngineError(
			'invalid_argument',
			`create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
		);
	}
	if (name.length > longestName) {
		throw new EngineError(
			'invalid_argument',
			`create ${name.slice(0, longestName)}…: the volume name is too long: give it at most ${longestName} characters`,
		);
	}
	if (namePattern.test(name)) return;
	throw new EngineError(
		'invalid_argument',
		`create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
	);
}

/** A volume as asked for, checked; not recorded. @throws as `ensure` */
function draft(request: VolumeRequest, now: () => string): Volume {
	const name = request.name === '' ? randomBytes(32).toString('hex') : request.name;
	if (request.driver !== '' && request.driver !== 'local') {
		throw new EngineError(
			'not_found',
			`create ${name}: error looking up volume plugin ${request.driver}: plugin "${request.driver}" not found`,
		);
	}
	checkName(name);
	try {
		checkDriverOptions(request.options);
	} catch (error) {
		throw new EngineError('invalid_argument', `create ${name}: ${messageOf(error)}`, { cause: error });
	}
	return {
		name,
		createdAt: now(),
		labels: request.name === '' ? { ...request.labels, [anonymousLabel]: '' } : request.labels,
		options: Object.keys(request.options).length === 0 ? null : request.options,
	};
}

/** Volumes as directories `<root>/<name>/_data`. Finishes the removals that an earlier daemon had begun. */
export async function openVolumes(dependencies: {
	readonly root: string;
	readonly records: VolumeRecords;
	readonly events: EventBus;
	readonly now: () => string;
}): Promise<Volumes> {
	const { records, events, now } = dependencies;
	const attributes = { driver: 'local' };
	await mkdir(dependencies.root, { recursive: true, mode: 0o701 });
	// As the kernel names it in its list of mounts.
	const root = realpathSync(dependencies.root);
	const path = (name: string) => join(root, name, '_data');
	for (const name of await readdir(root)) {
		if (name.startsWith(discarded)) await rm(join(root, name), { recursive: true, force: true });
	}

	return {
		find: (name) => records.get(name),
		list: () => records.list(),
		path,
		async ensure(request, caller) {
			const volume = draft(request, now);
			const existing = records.get(volume.name);
			if (existing !== undefined) return existing;
			await mkdir(path(volume.name), { recursive: true, mode: 0o755 });
			// Two may have asked at once: the first one's it is.
			const made = records.get(volume.name);
			if (made !== undefined) return made;
			events.publish({ type: 'volume', action: 'create', id: volume.name, attributes, caller }, () =>
				records.put(volume.name, volume),
			);
			return volume;
		},
		announce(name, action, more) {
			const { container = '', ...rest } = more;
			const told = action === 'mount' ? { ...rest, container } : { container };
			events.publish({ type: 'volume', action, id: name, attributes: { ...attributes, ...told } });
		},
		async remove(name, caller) {
			if (records.get(name) === undefined) return;
			unmountForRemoval(path(name));
			const trash = join(root, `${discarded}${randomBytes(8).toString('hex')}`);
			try {
				await rename(join(root, name), trash);
			} catch (error) {
				// Somebody deleted the directory by hand: the record goes all the same.
				if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
			}
			events.publish({ type: 'volume', action: 'destroy', id: name, attributes, caller }, () => records.delete(name));
			await rm(trash, { recursive: true, force: true });
		},
	};
}
