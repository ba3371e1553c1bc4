import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { EngineError } from '../errors.ts';
import { crunMissingControllers } from './cgroup-host.ts';
import type { RuntimeProgram } from './protocol.ts';

/** A runtime that the administrator named (`--add-runtime name=path`). */
export interface NamedRuntime {
	readonly name: string;
	/** Absolute, or a name to look up in PATH. */
	readonly path: string;
	readonly args: readonly string[];
}

/** A runtime that was found, and what it said of itself. */
export interface ProbedRuntime {
	readonly program: RuntimeProgram;
	readonly version: string;
	readonly commit: string;
}

const probeTimeout = 5_000;

/**
 * Finds the OCI runtimes of this host: crun where it works, runc, and the named ones. The first is the default.
 * `rootDir`: each runtime's state is in a directory below it, by the runtime's name.
 * @throws `unavailable` when there is none that works
 */
export async function findRuntimes(options: {
	readonly rootDir: string;
	readonly named: readonly NamedRuntime[];
	readonly log: (message: string) => void;
}): Promise<ProbedRuntime[]> {
	const standard = ['crun', 'runc'].map((name) => ({ name, path: name, args: [] }));
	const names = new Set(options.named.map(({ name }) => name));
	const wanted = [...standard.filter(({ name }) => !names.has(name)), ...options.named];
	const probed = await Promise.all(
		wanted.map(async (runtime) => {
			try {
				return await probeRuntime(runtime, options.rootDir);
			} catch (error) {
				if (!(error instanceof EngineError)) throw error;
				options.log(`runtime ${runtime.name} is not used: ${error.message}`);
				return null;
			}
		}),
	);
	const found = probed.filter((each) => each !== null);
	if (found.length > 0) return found;
	throw new EngineError('unavailable', 'no OCI runtime works on this host: install crun or runc');
}

/** Runs `--version` and checks what the runtime needs of the host. @throws `not_found`, `unavailable`, `unsupported` */
export async function probeRuntime(runtime: NamedRuntime, rootDir: string): Promise<ProbedRuntime> {
	const path = findExecutable(runtime.path);
	const child = Bun.spawn([path, '--version'], { stdio: ['ignore', 'pipe', 'ignore'], timeout: probeTimeout });
	const text = (await new Response(child.stdout).text()).slice(0, 4096);
	if ((await child.exited) !== 0) throw new EngineError('unavailable', `${path} --version failed`);
	if (text.startsWith('crun')) {
		const missing = crunMissingControllers();
		if (missing.length > 0) {
			throw new EngineError(
				'unsupported',
				`cgroup controllers ${missing.join(', ')} are on cgroup v2, the others on v1`,
			);
		}
	}
	return {
		program: { name: runtime.name, path, args: runtime.args, root: join(rootDir, runtime.name) },
		version: /version:? (\S+)/.exec(text)?.[1] ?? '',
		commit: /commit:? (\S+)/.exec(text)?.[1] ?? '',
	};
}

function findExecutable(name: string): string {
	const directories = (process.env.PATH ?? '').split(':').filter(isAbsolute);
	const usual = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
	const candidates = isAbsolute(name) ? [name] : [...directories, ...usual].map((directory) => join(directory, name));
	const found = candidates.find(isExecutable);
	if (found === undefined) throw new EngineError('not_found', `there is no executable ${name}`);
	return found;
}

function isExecutable(path: string): boolean {
	if (!existsSync(path) || !statSync(path).isFile()) return false;
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false; // access(2) failing is the answer.
	}
}
