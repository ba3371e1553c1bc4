import type { ContainerSummary } from '../../api/container.ts';
import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import type { Context } from '../command.ts';
import { after, type Candidate, type Completion, none } from './candidates.ts';

/** Kinds of names that the daemon, or the configuration, knows. */
export type Kind =
	| 'container'
	| 'running'
	| 'stopped'
	| 'paused'
	| 'image'
	| 'network'
	| 'volume'
	| 'context'
	| 'object'
	| 'file'
	| 'copy';

/** Milliseconds for a daemon to answer while somebody waits for a list. */
const patience = 1500;

/** The names of that kind. A daemon that does not answer has none. */
export async function namesOf(context: Context, kind: Kind): Promise<Completion> {
	if (kind === 'file') return { candidates: [], directive: after.files };
	try {
		const late = Symbol('late');
		const found = await Promise.race([candidatesOf(context, kind), Bun.sleep(patience).then(() => late)]);
		if (!Array.isArray(found)) return { candidates: [], directive: after.failed };
		return { candidates: found, directive: kind === 'copy' ? after.files | after.noSpace : after.nothing };
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		return kind === 'copy' ? { candidates: [], directive: after.files } : { ...none, directive: after.failed };
	}
}

async function candidatesOf(context: Context, kind: Exclude<Kind, 'file'>): Promise<Candidate[]> {
	switch (kind) {
		case 'container':
			return containers(context, () => true);
		case 'running':
			return containers(context, ({ State }) => State === 'running');
		case 'stopped':
			return containers(context, ({ State }) => State === 'exited' || State === 'created');
		case 'paused':
			return containers(context, ({ State }) => State === 'paused');
		case 'copy':
			return (await containers(context, () => true)).map(({ value, ...rest }) => ({ ...rest, value: `${value}:` }));
		case 'image':
			return images(context);
		case 'network': {
			const { networksOf } = await import('../../client/networks.ts');
			return named((await networksOf(await context.client()).list(new Map())).map(({ Name }) => Name));
		}
		case 'volume':
			return volumes(context);
		case 'context':
			return contexts(context);
		case 'object':
			return (await Promise.all([containers(context, () => true), images(context), volumes(context)])).flat();
	}
}

async function containers(context: Context, fits: (container: ContainerSummary) => boolean): Promise<Candidate[]> {
	const query = { all: true, limit: undefined, size: false, filters: new Map() };
	const found = await containersOf(await context.client()).list(query);
	return found.filter(fits).flatMap(({ Names, Image = '' }) => {
		// A name with a second slash is one that a link gave.
		const name = (Names ?? []).map((one) => one.replace(/^\//, '')).find((one) => !one.includes('/'));
		return name === undefined ? [] : [{ value: name, about: Image }];
	});
}

async function images(context: Context): Promise<Candidate[]> {
	const client = await context.client();
	const found = await client.json<{ RepoTags?: string[] | null }[]>({ method: 'GET', path: '/images/json' });
	return named(found.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'));
}

async function volumes(context: Context): Promise<Candidate[]> {
	const client = await context.client();
	const { Volumes } = await client.json<{ Volumes?: { Name?: string }[] | null }>({ method: 'GET', path: '/volumes' });
	return named((Volumes ?? []).map(({ Name }) => Name));
}

async function contexts(context: Context): Promise<Candidate[]> {
	const { contextsOf } = await import('../contexts/of-command.ts');
	return named(['default', ...(await contextsOf(context).list()).map(({ Name }) => Name)]);
}

function named(names: readonly (string | undefined)[]): Candidate[] {
	return names.filter((name) => name !== undefined && name !== '').map((value) => ({ value: value ?? '' }));
}
