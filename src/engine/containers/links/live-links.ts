import { readFile, stat, writeFile } from 'node:fs/promises';
import { EngineError } from '../../../errors.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container } from '../model.ts';
import { type LinkedContainer, linkHostsLine } from './link-environment.ts';

/** Links as containers start and stop. */
export interface LiveLinks {
	/** Whom a container that starts is linked to. @throws `conflict` when one of them does not run. */
	of(container: Container): readonly LinkedContainer[];
	/** A container has started, perhaps with another address: the hosts files of those that are linked to it follow. */
	follow(id: string): Promise<void>;
	/** Takes the link `PARENT/ALIAS` away. @throws `not_found`, `conflict` for a name that is no link. */
	remove(name: string): Promise<void>;
}

export interface LiveLinksDependencies {
	readonly containers: ContainerSet;
	/** Where a container's hosts file is. */
	readonly hostsOf: (id: string) => string;
}

/** A hosts file that grew beyond this, in bytes, is not ours any more. */
const largestHosts = 1024 * 1024;

/** Its address in the default network; `''` when it is not there. */
function addressOf({ endpoints }: Container): string {
	return endpoints.find(({ networkName }) => networkName === 'bridge')?.ipv4 ?? '';
}

const isUp = ({ state }: Container): boolean => state.at === 'running' || state.at === 'paused';

/** Rewrites the lines of one alias: `change` gives the new line, null takes it out. The file stays the one that is mounted. */
async function rewriteLines(path: string, alias: string, change: (line: string) => string | null): Promise<void> {
	if ((await stat(path)).size > largestHosts) throw new EngineError('conflict', `${path} is too large to be changed`);
	const text = await readFile(path, 'utf8');
	const lines = text.split('\n').flatMap((line) => {
		const [, names = ''] = /^\S+\t(.*)$/.exec(line) ?? [];
		if (names.split(' ')[0] !== alias) return [line];
		const changed = change(line);
		return changed === null ? [] : [changed];
	});
	if (lines.join('\n') !== text) await writeFile(path, lines.join('\n'));
}

/** Wires the links. */
export function createLiveLinks({ containers, hostsOf }: LiveLinksDependencies): LiveLinks {
	return {
		of(container) {
			if (container.hostConfig.networkMode !== 'bridge') return [];
			return container.links.flatMap(({ containerId, alias }): LinkedContainer[] => {
				const child = containers.find(containerId);
				if (child === undefined) return [];
				if (!isUp(child)) {
					throw new EngineError(
						'conflict',
						`Cannot link to a non running container: /${child.name} AS /${container.name}/${alias}`,
					);
				}
				const address = addressOf(child);
				if (address === '') {
					throw new EngineError('conflict', `container ${child.id} not attached to default bridge network`);
				}
				const { hostname, env, exposedPorts } = child.config;
				return [{ id: child.id, name: child.name, alias, hostname, address, env, exposedPorts }];
			});
		},
		async follow(id) {
			const child = containers.find(id);
			const address = child === undefined ? '' : addressOf(child);
			if (child === undefined || address === '') return;
			for (const parent of containers.all()) {
				if (!isUp(parent) || parent.hostConfig.networkMode !== 'bridge') continue;
				for (const { containerId, alias } of parent.links) {
					if (containerId !== id) continue;
					const line = linkHostsLine({ ...child, ...child.config, alias, address });
					await rewriteLines(hostsOf(parent.id), alias, () => line);
				}
			}
		},
		async remove(given) {
			const name = given.replace(/^\//, '');
			const [parentName = '', alias, ...more] = name.split('/');
			const parent = containers.findByName(parentName);
			if (alias === undefined) {
				containers.resolve(name);
				throw new EngineError('conflict', 'Conflict, cannot remove the default link name of the container');
			}
			if (more.length > 0 || parent === undefined || !parent.links.some((link) => link.alias === alias)) {
				throw new EngineError('not_found', `No such container: ${name}`);
			}
			containers.update(parent.id, (one) => ({ ...one, links: one.links.filter((link) => link.alias !== alias) }));
			if (isUp(parent)) await rewriteLines(hostsOf(parent.id), alias, () => null);
		},
	};
}
