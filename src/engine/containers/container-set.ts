import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller, EventActions } from '../../events/types.ts';
import { completeRecord } from './earlier-records.ts';
import type { Container } from './model.ts';

/** What a container set keeps its records in. */
export interface ContainerRecords {
	put(id: string, value: Container): void;
	delete(id: string): boolean;
	list(): Container[];
}

/** What is told of a transition, with attributes beside the container's own. */
export interface Announcement {
	readonly action: EventActions['container'];
	readonly attributes?: Readonly<Record<string, string>>;
	readonly caller?: Caller | undefined;
}

/**
 * All containers of the daemon: the records and, in front of them, the same in memory.
 * The only place where a container changes; each change is persisted with its event, then told.
 */
export interface ContainerSet {
	/** By id, name (with or without the leading slash) or unique id prefix. @throws `not_found`, `invalid_argument` (ambiguous). */
	resolve(ref: string): Container;
	/** By full id. */
	find(id: string): Container | undefined;
	findByName(name: string): Container | undefined;
	/** Newest first. */
	all(): readonly Container[];
	/** @throws `conflict` when the name is in use. */
	insert(container: Container, announcement: Announcement): void;
	/** Persists a changed container, with an event when there is something to tell. @throws `not_found` when it is gone. */
	update(id: string, change: (current: Container) => Container, announcement?: Announcement): Container;
	/** Forgets it; `announcement` is the last that is heard of it. */
	remove(id: string, announcement: Announcement): void;
}

/** The attributes that every event of a container carries. */
export function eventAttributes(container: Container): Record<string, string> {
	return { ...container.config.labels, image: container.config.image, name: container.name };
}

/** Loads the records. */
export function createContainerSet(records: ContainerRecords, events: EventBus): ContainerSet {
	const byId = new Map<string, Container>();
	const idByName = new Map<string, string>();
	for (const container of records.list().map(completeRecord)) {
		byId.set(container.id, container);
		idByName.set(container.name, container.id);
	}

	const announce = (
		container: Container,
		announcement: Announcement,
		persist?: () => void,
		survives?: 'power' | 'process',
	): void => {
		events.publish(
			{
				type: 'container',
				action: announcement.action,
				id: container.id,
				attributes: { ...eventAttributes(container), ...announcement.attributes },
				...(announcement.caller === undefined ? {} : { caller: announcement.caller }),
			},
			persist,
			survives,
		);
	};

	const resolve = (ref: string): Container => {
		const name = ref.startsWith('/') ? ref.slice(1) : ref;
		const exact = byId.get(ref) ?? byId.get(idByName.get(name) ?? '');
		if (exact !== undefined) return exact;
		const matches = /^[0-9a-f]+$/.test(ref) ? [...byId.values()].filter((one) => one.id.startsWith(ref)) : [];
		const only = matches[0];
		if (only === undefined) throw new EngineError('not_found', `No such container: ${ref}`);
		if (matches.length > 1) {
			throw new EngineError('invalid_argument', `multiple IDs found with provided prefix: ${ref}`);
		}
		return only;
	};

	return {
		resolve,
		find: (id) => byId.get(id),
		findByName: (name) => byId.get(idByName.get(name) ?? ''),
		all: () => [...byId.values()].reverse(),
		insert(container, announcement) {
			const holder = idByName.get(container.name);
			if (holder !== undefined) throw nameConflict(container.name, holder);
			announce(container, announcement, () => records.put(container.id, container));
			byId.set(container.id, container);
			idByName.set(container.name, container.id);
		},
		update(id, change, announcement) {
			const current = byId.get(id);
			if (current === undefined) throw new EngineError('not_found', `No such container: ${id}`);
			const next = change(current);
			const holder = idByName.get(next.name);
			if (holder !== undefined && holder !== id) throw nameConflict(next.name, holder);
			const persist = () => {
				if (next !== current) records.put(id, next);
			};
			// The memory follows before listeners hear of it, and only after the disk has it.
			const settle = () => {
				byId.set(id, next);
				if (next.name !== current.name) idByName.delete(current.name);
				idByName.set(next.name, id);
			};
			if (announcement === undefined) {
				persist();
				settle();
			} else if (next === current) {
				announce(next, announcement);
			} else {
				announce(next, announcement, () => {
					persist();
					settle();
				});
			}
			return next;
		},
		remove(id, announcement) {
			const current = byId.get(id);
			if (current === undefined) return;
			const forget = (): void => {
				records.delete(id);
				byId.delete(id);
				idByName.delete(current.name);
			};
			// The record said `removing` before: a daemon that finds it again after a loss of power removes it again.
			announce(current, announcement, forget, 'process');
		},
	};
}

/** docker's sentence for a name in use. `holder`: the id of the container that has it. */
export function nameConflict(name: string, holder: string): EngineError {
	return new EngineError(
		'conflict',
		`Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
	);
}
