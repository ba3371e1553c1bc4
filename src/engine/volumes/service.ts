import { EngineError } from '../../errors.ts';
import type { Caller } from '../../events/types.ts';
import type { Filters } from '../filters.ts';
import type { Volume, Volumes } from './volumes.ts';

/** A volume and where it is. */
export interface VolumeView extends Volume {
	readonly mountpoint: string;
}

/** Volumes as users manage them. */
export interface VolumeService {
	/** Makes it, or answers with the one of that name. `''`: a name is made up. @throws `invalid_argument`. */
	create(name: string, labels: Readonly<Record<string, string>>, caller: Caller): Promise<VolumeView>;
	/** @throws `not_found` (`get NAME: no such volume`). */
	get(name: string): VolumeView;
	/** @throws `invalid_argument` for an unknown filter. */
	list(filters: Filters): readonly VolumeView[];
	/** @throws `not_found` unless `force`; `conflict` while a container uses it. */
	remove(name: string, options: { readonly force: boolean }, caller: Caller): Promise<void>;
	/** Removes what no container uses: anonymous ones, with the filter `all=true` named ones too. */
	prune(filters: Filters, caller: Caller): Promise<{ readonly removed: readonly string[]; readonly reclaimed: number }>;
}

export interface VolumeServiceDependencies {
	readonly volumes: Volumes;
	/** Ids of the containers that use a volume, those being made included. */
	readonly usersOf: (name: string) => readonly string[];
	/** Bytes on disk below a directory. */
	readonly usage: (path: string) => Promise<number>;
}

type Test = (volume: Volume, value: string) => boolean;

/** Wires the service. */
export function createVolumeService(dependencies: VolumeServiceDependencies): VolumeService {
	const { volumes, usersOf, usage } = dependencies;
	const view = (volume: Volume): VolumeView => ({ ...volume, mountpoint: volumes.path(volume.name) });

	const matchesLabel: Test = ({ labels }, wanted) => {
		const cut = wanted.indexOf('=');
		const value = labels[cut < 0 ? wanted : wanted.slice(0, cut)];
		return value !== undefined && (cut < 0 || value === wanted.slice(cut + 1));
	};
	const truth = (key: string, value: string): boolean => {
		if (/^(1|true|t)$/i.test(value)) return true;
		if (/^(0|false|f)$/i.test(value)) return false;
		throw new EngineError('invalid_argument', `invalid filter '${key}=${value}'`);
	};
	const tests: Readonly<Record<string, Test>> = {
		name: ({ name }, value) => name.includes(value),
		driver: (_volume, value) => value === 'local',
		label: matchesLabel,
		'label!': (volume, value) => !matchesLabel(volume, value),
		dangling: ({ name }, value) => truth('dangling', value) === (usersOf(name).length === 0),
		all: (volume, value) => truth('all', value) || volume.anonymous,
	};

	const matching = (filters: Filters, known: readonly string[]): readonly Volume[] => {
		for (const key of filters.keys()) {
			if (!known.includes(key)) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
		}
		return volumes.list().filter((volume) =>
			[...filters].every(([key, values]) => {
				const test = tests[key];
				if (test === undefined) return false;
				return key.startsWith('label')
					? values.every((value) => test(volume, value))
					: values.some((value) => test(volume, value));
			}),
		);
	};

	const get = (name: string): Volume => {
		const volume = volumes.find(name);
		if (volume === undefined) throw new EngineError('not_found', `get ${name}: no such volume`);
		return volume;
	};

	return {
		create: async (name, labels, caller) => view(await volumes.ensure(name, caller, labels)),
		get: (name) => view(get(name)),
		list: (filters) => matching(filters, ['name', 'driver', 'label', 'dangling']).map(view),
		async remove(name, { force }, caller) {
			if (force && volumes.find(name) === undefined) return;
			get(name);
			const users = usersOf(name);
			if (users.length > 0) {
				throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
			}
			await volumes.remove(name, caller);
		},
		async prune(filters, caller) {
			const wanted = new Map(filters);
			if (!wanted.has('all')) wanted.set('all', ['false']);
			const removed: string[] = [];
			let reclaimed = 0;
			for (const { name } of matching(wanted, ['label', 'label!', 'all'])) {
				if (usersOf(name).length > 0) continue;
				const size = await usage(volumes.path(name));
				if (usersOf(name).length > 0) continue;
				await volumes.remove(name, caller);
				removed.push(name);
				reclaimed += size;
			}
			return { removed, reclaimed };
		},
	};
}
