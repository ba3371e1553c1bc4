import { accessSync, constants, statSync } from 'node:fs';
import { EngineError } from '../../../errors.ts';
import type { ContainerDefaults } from '../defaults.ts';
import type { HostConfig } from '../model.ts';

/** Where an init program is looked for. Linked statically, as those found first are, it runs in any image. */
const initPrograms = [
	'/usr/bin/tini-static',
	'/usr/libexec/docker/docker-init',
	'/usr/bin/docker-init',
	'/usr/bin/tini',
];

function isRunnable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch (error) {
		if (error instanceof Error && 'code' in error) return false;
		throw error;
	}
}

/** The init program that is there; null: none. `configured`: '' to choose. */
export function findInitProgram(configured: string): string | null {
	const places = configured === '' ? initPrograms : [configured];
	return places.find((path) => isRunnable(path)) ?? null;
}

/** The program to be process 1 of the container, null when it wants none. @throws `invalid_argument` when there is none to be had */
export function initProgramOf(
	hostConfig: HostConfig,
	{ init, initPath }: Pick<ContainerDefaults, 'init' | 'initPath'>,
): string | null {
	// In the process namespace of others there is a process 1 already.
	if (!(hostConfig.init ?? init) || hostConfig.pidMode !== '') return null;
	const found = findInitProgram(initPath);
	if (found !== null) return found;
	const why =
		initPath === ''
			? 'install tini, or name a program with the init-path of the daemon'
			: `the daemon's init-path ${initPath} must be an executable file`;
	throw new EngineError('invalid_argument', `--init needs an init program: ${why}`);
}
