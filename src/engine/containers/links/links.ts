import { codeOf, EngineError, messageOf } from '../../../errors.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container, Link } from '../model.ts';

/** `CONTAINER[:ALIAS]`; the alias is the container's own name when there is none. @throws `invalid_argument` */
function parseLink(text: string): { readonly container: string; readonly alias: string } {
	if (text === '') throw new EngineError('invalid_argument', 'empty string specified for links');
	const parts = text.split(':');
	const [container = '', given] = parts;
	// What inspect shows of a link: `/child:/parent/alias`.
	const alias = (given ?? container).split('/').at(-1) ?? '';
	if (parts.length > 2) throw new EngineError('invalid_argument', `bad format for links: ${text}`);
	return { container, alias };
}

const aliasPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/**
 * The links that a create request asks for, each alias once: the first one stays.
 * @throws `invalid_argument` in dockerd's words.
 */
export function resolveLinks(
	links: readonly string[],
	networkMode: string,
	containers: Pick<ContainerSet, 'resolve'>,
): readonly Link[] {
	if (links.length === 0) return [];
	const undefinedBehavior = (what: string): never => {
		throw new EngineError(
			'invalid_argument',
			`conflicting options: ${what} can't be used with links. This would result in undefined behavior`,
		);
	};
	if (networkMode === 'host') undefinedBehavior('host type networking');
	if (networkMode.startsWith('container:')) undefinedBehavior('container type network');
	// In networks of the user's own, the network knows the names.
	if (!['', 'default', 'bridge', 'none'].includes(networkMode)) return [];
	const found = new Map<string, Link>();
	for (const { container: ref, alias } of links.map(parseLink)) {
		const child = ownerOfNetwork(ref, containers);
		if (child.hostConfig.networkMode === 'host') undefinedBehavior('host type networking');
		if (!aliasPattern.test(alias)) {
			throw new EngineError(
				'invalid_argument',
				`invalid alias ${JSON.stringify(alias)} for a link: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
			);
		}
		if (!found.has(alias)) found.set(alias, { containerId: child.id, alias });
	}
	return [...found.values()];
}

/** The container itself, or the one whose network it shares. */
function ownerOfNetwork(ref: string, containers: Pick<ContainerSet, 'resolve'>): Container {
	const seen = new Set<string>();
	for (let child = find(ref, containers); ; ) {
		const shared = /^container:(.+)$/.exec(child.hostConfig.networkMode)?.[1];
		if (shared === undefined || seen.has(child.id)) return child;
		seen.add(child.id);
		child = find(shared, containers);
	}
}

function find(ref: string, containers: Pick<ContainerSet, 'resolve'>): Container {
	try {
		if (ref === '') throw new EngineError('invalid_argument', 'invalid name or ID supplied: ""');
		return containers.resolve(ref);
	} catch (error) {
		if (codeOf(error) === 'internal') throw error;
		throw new EngineError('invalid_argument', `could not get container for ${ref}: ${messageOf(error)}`, {
			cause: error,
		});
	}
}

/** The links of a container, and the names that others' links give it, in the words of inspect and of lists. */
export function describeLinks(
	container: Container,
	containers: Pick<ContainerSet, 'find' | 'all'>,
): { readonly links: readonly string[]; readonly names: readonly string[] } {
	const links = container.links.flatMap(({ containerId, alias }) => {
		const child = containers.find(containerId);
		return child === undefined ? [] : [`/${child.name}:/${container.name}/${alias}`];
	});
	const names = containers
		.all()
		.flatMap((parent) =>
			parent.links.filter((link) => link.containerId === container.id).map(({ alias }) => `/${parent.name}/${alias}`),
		);
	return { links, names: names.sort() };
}
