import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Caller } from '../../events/types.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { familiarString, parseReference, repositoryName } from '../../oci/reference.ts';
import type { Catalog, ImageRecord } from './catalog.ts';
import { findImage, storedName } from './find-image.ts';
import type { Keeper } from './keeper.ts';
import type { ImageUsers, Removal } from './service.ts';

/** What removing needs. */
export interface RemoveDeps {
	readonly catalog: Catalog;
	readonly keeper: Keeper;
	readonly events: EventBus;
	readonly users: ImageUsers;
}

/** What removing comes to. */
interface RemovalPlan {
	/** Names to take away, in order, normalised. */
	readonly untag: readonly string[];
	/** How many `untag` events tell of it: a digest that goes with its tag is not told of on its own. */
	readonly told: number;
	/** The image goes as well. */
	readonly whole: boolean;
}

/**
 * Takes a name away, and the image with its last name. By id: all names within one repository, or with `force` all.
 * Records first, in one transaction; layers and blobs after, which a start finishes if this is cut short.
 * @throws EngineError `not_found`, `conflict` with Docker's sentences.
 */
export async function removeImage(
	deps: RemoveDeps,
	ref: string,
	options: { readonly force: boolean },
	caller: Caller,
): Promise<readonly Removal[]> {
	const { catalog, keeper, events } = deps;
	const record = findImage(catalog, ref);
	const names = catalog.names.of(record.id);
	const plan = planRemoval(record.id, names, ref, options.force, deps.users);
	const labels = record.config.config?.Labels ?? {};
	const about = { type: 'image', id: record.id, caller } as const;
	const untagged = { ...about, action: 'untag', attributes: { ...labels, name: record.id } } as const;
	const deleted = { ...about, action: 'delete', attributes: { name: record.id } } as const;
	const told = [...Array.from({ length: plan.told }, () => untagged), ...(plan.whole ? [deleted] : [])];
	const persist = () => {
		for (const name of plan.untag) catalog.names.delete(name);
		if (plan.whole) catalog.delete(record.id);
	};
	for (const [position, event] of told.entries()) events.publish(event, position === 0 ? persist : undefined);
	const removals: Removal[] = plan.untag.map((name) => ({ untagged: familiarString(parseReference(name)) }));
	if (!plan.whole) return removals;
	removals.push({ deleted: record.id });
	for (const chainId of await releaseContent(keeper, record)) removals.push({ deleted: chainId });
	return removals;
}

function releaseContent(keeper: Keeper, record: ImageRecord): Promise<readonly Digest[]> {
	return keeper.release({ blobs: record.blobs, layers: [...record.chainIds].reverse() });
}

/** Decides what goes; changes nothing. @throws EngineError `conflict`. */
export function planRemoval(
	id: Digest,
	names: readonly string[],
	ref: string,
	force: boolean,
	users: ImageUsers,
): RemovalPlan {
	const byId = id.startsWith(ref) || digestHex(id).startsWith(ref);
	if (byId && names.length > 0 && !isOneReference(names) && !force) {
		// Running containers forbid it whatever is forced: they come first.
		checkUsers(id, users, force, 'running');
		throw cannotDelete(id, 'must be forced', 'image is referenced in multiple repositories');
	}
	if (byId) {
		checkUsers(id, users, force, 'all');
		return { untag: names, told: names.length, whole: true };
	}
	const reference = parseReference(ref);
	const name = storedName(reference);
	const [user] = users.usersOf(id);
	if (!force && user !== undefined && isOneReference(names)) {
		throw new EngineError(
			'conflict',
			`conflict: unable to remove repository reference ${JSON.stringify(ref)} (must force) - container ${user.id.slice(0, 12)} is using its referenced image ${shortId(id)}`,
		);
	}
	const untag = [name, ...digestsLeftAlone(name, names)];
	// Forced away from under a running container, the image only loses its name.
	const whole = names.every((other) => untag.includes(other)) && !users.usersOf(id).some(({ running }) => running);
	return { untag, told: 1, whole };
}

/** Digest names of the repository of `name`, when `name` was its last tag. */
function digestsLeftAlone(name: string, names: readonly string[]): string[] {
	const reference = parseReference(name);
	if (reference.digest !== undefined) return [];
	const others = names.filter(
		(other) => other !== name && repositoryName(parseReference(other)) === repositoryName(reference),
	);
	return others.every((other) => other.includes('@')) ? others : [];
}

/** At most one tag, and digests only of the tag's repository. */
function isOneReference(names: readonly string[]): boolean {
	if (names.length <= 1) return true;
	const references = names.map(parseReference);
	const tagged = references.filter(({ digest }) => digest === undefined);
	if (tagged.length > 1) return false;
	return new Set(references.map(repositoryName)).size === 1;
}

function checkUsers(id: Digest, users: ImageUsers, force: boolean, which: 'all' | 'running'): void {
	const list = users.usersOf(id);
	const running = list.find((user) => user.running);
	if (running !== undefined) {
		throw cannotDelete(id, 'cannot be forced', `image is being used by running container ${running.id.slice(0, 12)}`);
	}
	const [stopped] = list;
	if (which === 'running' || force || stopped === undefined) return;
	throw cannotDelete(id, 'must be forced', `image is being used by stopped container ${stopped.id.slice(0, 12)}`);
}

function cannotDelete(id: Digest, how: string, why: string): EngineError {
	return new EngineError('conflict', `conflict: unable to delete ${shortId(id)} (${how}) - ${why}`);
}

function shortId(id: Digest): string {
	return digestHex(id).slice(0, 12);
}
