import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller } from '../../events/types.ts';

/** A volume of the `local` driver, as recorded under its name. */
export interface Volume {
	readonly name: string;
	/** RFC 3339. */
	readonly createdAt: string;
	readonly labels: Readonly<Record<string, string>>;
	/** Made for a container that gave it no name. */
	readonly anonymous: boolean;
	/** The image's content was offered to it once. */
	readonly populated: boolean;
}

/** Volumes by name. */
export interface Volumes {
	find(name: string): Volume | undefined;
	/** In the order of their making. */
	list(): readonly Volume[];
	/** The volume of that name, made when missing; `''` makes an anonymous one. @throws `invalid_argument` for a bad name. */
	ensure(name: string, caller: Caller, labels?: Readonly<Record<string, string>>): Promise<Volume>;
	/** Where its content is. */
	path(name: string): string;
	markPopulated(name: string): void;
	/** Removes it with its content; not there is fine. The caller knows that nobody uses it. */
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

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const longestName = 255;
/** No volume's name begins so. */
const discarded = '.removed-';

function checkName(name: string): void {
	if (namePattern.test(name) && name.length <= longestName) return;
	throw new EngineError(
		'invalid_argument',
		`create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
	);
}

/** Volumes as directories `<root>/<name>/_data`. Finishes the removals that an earlier daemon had begun. */
export async function openVolumes(dependencies: {
	readonly root: string;
	readonly records: VolumeRecords;
	readonly events: EventBus;
	readonly now: () => string;
}): Promise<Volumes> {
	const { root, records, events, now } = dependencies;
	const attributes = { driver: 'local' };
	const path = (name: string) => join(root, name, '_data');
	await mkdir(root, { recursive: true, mode: 0o701 });
	for (const name of await readdir(root)) {
		if (name.startsWith(discarded)) await rm(join(root, name), { recursive: true, force: true });
	}
	return {
		find: (name) => records.get(name),
		list: () => records.list(),
		path,
		async ensure(name, caller, labels = {}) {
			const existing = name === '' ? undefined : records.get(name);
			if (existing !== undefined) return existing;
			if (name !== '') checkName(name);
			const volume: Volume = {
				name: name === '' ? randomBytes(32).toString('hex') : name,
				createdAt: now(),
				labels,
				anonymous: name === '',
				populated: false,
			};
			await mkdir(path(volume.name), { recursive: true, mode: 0o755 });
			// Two may have asked at once: the first one's it is.
			const made = records.get(volume.name);
			if (made !== undefined) return made;
			events.publish({ type: 'volume', action: 'create', id: volume.name, attributes, caller }, () =>
				records.put(volume.name, volume),
			);
			return volume;
		},
		markPopulated(name) {
			const volume = records.get(name);
			if (volume !== undefined && !volume.populated) records.put(name, { ...volume, populated: true });
		},
		announce(name, action, more) {
			const { container = '', ...rest } = more;
			const told = action === 'mount' ? { ...rest, container } : { container };
			events.publish({ type: 'volume', action, id: name, attributes: { ...attributes, ...told } });
		},
		async remove(name, caller) {
			if (records.get(name) === undefined) return;
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
