import { EngineError } from '../errors.ts';
import { findRuntimes, type ProbedRuntime } from '../runtime/program.ts';
import type { RuntimeProgram } from '../runtime/protocol.ts';
import type { DaemonConfig } from './config.ts';

/** The OCI runtimes of this daemon by name, and which one is the default. */
export interface Runtimes {
	readonly programs: ReadonlyMap<string, RuntimeProgram>;
	readonly probed: readonly ProbedRuntime[];
	readonly defaultRuntime: ProbedRuntime;
}

/** Probes the runtimes. @throws `invalid_argument` when the default that was asked for is not there. */
export async function chooseRuntimes(
	config: DaemonConfig,
	rootDir: string,
	log: (message: string) => void,
): Promise<Runtimes> {
	const found = await findRuntimes({
		rootDir,
		named: [...config.runtimes].map(([name, { path, args }]) => ({ name, path, args })),
		log,
	});
	const wanted = config.defaultRuntime === '' ? found[0]?.program.name : config.defaultRuntime;
	const defaultRuntime = found.find(({ program }) => program.name === wanted);
	if (defaultRuntime === undefined) {
		throw new EngineError('invalid_argument', `specified default runtime '${wanted}' does not exist`);
	}
	return { programs: new Map(found.map(({ program }) => [program.name, program])), probed: found, defaultRuntime };
}
