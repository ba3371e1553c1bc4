import { realpathSync } from 'node:fs';
import { mountOf } from '../../kernel/mount.ts';

/**
 * Says, in dockerd's words, what keeps a bind of `source` from spreading as `propagation` wants: mounts spread only where
 * the mount that the source is on is shared (for `shared`), or shared or a slave (for `slave`). null: nothing.
 */
export function obstacleTo(propagation: string, source: string): string | null {
	const shared = propagation === 'shared' || propagation === 'rshared';
	if (!shared && propagation !== 'slave' && propagation !== 'rslave') return null;
	const { path, tags } = mountOf(realpathSync(source));
	if (tags.some((tag) => tag.startsWith('shared:') || (!shared && tag.startsWith('master:')))) return null;
	return `path ${source} is mounted on ${path} but it is not a shared ${shared ? '' : 'or slave '}mount`;
}
