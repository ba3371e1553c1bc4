import { EngineError } from '../../errors.ts';
import { detach, mountPoints } from '../../kernel/mount.ts';

/** Takes away all that is mounted on `target`, without waiting: a dead server must not hold us, and containers may still be leaving. */
export function unmountAll(target: string): void {
	for (const path of mountPoints()) if (path === target) detach(target);
}

/**
 * Before a directory is deleted with its content: nothing may be mounted there, or that would be deleted.
 * @throws `conflict` when somebody else mounted something below.
 */
export function unmountForRemoval(target: string): void {
	unmountAll(target);
	const below = mountPoints().find((path) => path === target || path.startsWith(`${target}/`));
	if (below === undefined) return;
	throw new EngineError('conflict', `something is mounted on ${below}: unmount it first`);
}
