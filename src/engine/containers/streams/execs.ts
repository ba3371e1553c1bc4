import { randomBytes } from 'node:crypto';
import { EngineError, messageOf } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { ShimExec } from '../../../runtime/protocol.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Lives } from '../life/lives.ts';
import { frame } from '../logs/logs.ts';
import type { Container, ExecProcess, ExecSession } from '../model.ts';
import type { Attachment, Execs } from '../service.ts';
import { join } from './attach.ts';
import { parseDetachKeys } from './detach-keys.ts';
import type { ExecRun } from './exec-run.ts';
import { createSessionTable } from './exec-sessions.ts';

export interface ExecDependencies {
	readonly containers: ContainerSet;
	readonly lives: Lives;
	/** The OCI process document of an exec. Reads users from the container's root. */
	readonly processDocument: (container: Container, process: ExecProcess) => Promise<unknown>;
	/** Makes the detach keys of the daemon's configuration apply. */
	readonly report: (doing: string, error: unknown) => void;
}

/** Exec sessions, and what the container service needs of them. */
export interface ExecSessions extends Execs {
	/** Runs a command for the engine itself; its session is forgotten with its end. @throws what a start throws */
	run(container: Container, process: ExecProcess): Promise<ExecRun>;
	/** Ids of the sessions of a container that have not ended. */
	idsOf(containerId: string): readonly string[];
	/** Takes over what a shim says of the sessions of an earlier daemon. */
	adopt(containerId: string, execs: readonly { id: string; pid: number; code: number | null }[]): void;
	/** The container ended or is gone: so are its sessions. */
	forget(containerId: string): void;
}

const unknownProcess: ExecProcess = {
	cmd: [],
	env: [],
	user: '',
	workingDir: '',
	tty: false,
	privileged: false,
	attachStdin: false,
	attachStdout: false,
	attachStderr: false,
	detachKeys: '',
	consoleSize: null,
};

/** Makes the exec service. Sessions live in memory and in the shims: they end with their container, or some time after their process. */
export function createExecs(dependencies: ExecDependencies): ExecSessions {
	const { containers, lives, report } = dependencies;
	const sessions = createSessionTable(() => Date.now());

	const inspect = (id: string): ExecSession => {
		const session = sessions.get(id);
		if (session === undefined) throw new EngineError('not_found', `No such exec instance: ${id}`);
		return session;
	};

	const runningContainer = (ref: string): Container => {
		const container = containers.resolve(ref);
		if (container.state.at === 'paused') {
			throw new EngineError('conflict', `container ${ref} is paused, unpause the container before exec`);
		}
		if (container.state.at !== 'running') {
			throw new EngineError('conflict', `container ${container.id} is not running`);
		}
		return container;
	};

	const announce = (
		session: ExecSession,
		action: 'exec_die' | 'exec_detach',
		attributes: Record<string, string>,
		caller?: Caller,
	) => {
		if (containers.find(session.containerId) === undefined) return;
		containers.update(session.containerId, (one) => one, {
			action,
			attributes: { execID: session.id, ...attributes },
			caller,
		});
	};

	/** Resolves when the end is recorded; never rejects. */
	const watch = (session: ExecSession, pid: number, exec: ShimExec): Promise<void> => {
		sessions.set(session.id, { ...session, state: { at: 'running', pid } });
		const ended = (code: number): void => {
			if (!sessions.has(session.id)) return;
			sessions.set(session.id, { ...session, state: { at: 'exited', code, pid } });
			announce(session, 'exec_die', { exitCode: String(code) });
		};
		return exec.exited
			.then(
				({ code }) => ended(code),
				// The shim went away with the container: the process was killed.
				() => ended(137),
			)
			.catch((error: unknown) => report(`record the end of exec ${session.id}`, error));
	};

	const launch = async (session: ExecSession, tty: boolean, size: readonly [number, number] | null) => {
		const container = runningContainer(session.containerId);
		const live = lives.get(container.id);
		if (live === undefined) throw new EngineError('conflict', `container ${container.id} is not running`);
		const { process } = session;
		const consoleSize = size ?? process.consoleSize;
		return {
			container,
			shim: live.shim,
			exec: await live.shim.exec({
				id: session.id,
				process: await dependencies.processDocument(container, { ...process, tty, consoleSize }),
				tty,
				stdin: process.attachStdin,
				stdout: process.attachStdout,
				stderr: process.attachStderr,
				consoleSize,
			}),
		};
	};

	const attached = (
		session: ExecSession,
		tty: boolean,
		size: readonly [number, number] | null,
		caller: Caller,
	): Attachment => {
		const { process } = session;
		const detachKeys = parseDetachKeys(process.detachKeys);
		return {
			tty,
			cancel: () => undefined,
			async pipe(client) {
				const recorded = Promise.withResolvers<void>();
				let joined: Promise<void> | null = null;
				try {
					const { shim, exec } = await launch(session, tty, size);
					const connection = await shim.attach({
						stdin: process.attachStdin,
						stdout: process.attachStdout,
						stderr: process.attachStderr,
						execId: session.id,
					});
					joined = join(client, connection, {
						tty,
						stdin: process.attachStdin,
						detachKeys,
						onDetach: () => announce(session, 'exec_detach', {}, caller),
						// Clients ask for the exit code as soon as the output ends.
						beforeEnd: () => recorded.promise,
					});
					const { pid } = await exec.start();
					void watch(session, pid, exec).then(recorded.resolve);
				} catch (error) {
					failed(session, error);
					try {
						// The client was told 101 and waits for output: the reason comes as such, the exit code tells the rest.
						const text = `${messageOf(error)}\r\n`;
						await client.write(tty ? Buffer.from(text) : frame('stdout', text));
						client.end();
					} finally {
						recorded.resolve();
					}
				}
				await joined;
			},
		};
	};

	const failed = (session: ExecSession, error: unknown): void => {
		const code = /executable file not found|no such file or directory/i.test(messageOf(error)) ? 127 : 126;
		if (sessions.has(session.id)) sessions.set(session.id, { ...session, state: { at: 'exited', code, pid: 0 } });
	};

	const register = (container: Container, process: ExecProcess, caller: Caller): ExecSession => {
		const id = randomBytes(32).toString('hex');
		const session: ExecSession = { id, containerId: container.id, process, state: { at: 'created' } };
		sessions.set(id, session);
		containers.update(container.id, (one) => one, {
			action: `exec_create: ${commandText(process)}`,
			attributes: { execID: id },
			caller,
		});
		return session;
	};

	const announceStart = ({ id, containerId, process }: ExecSession, caller: Caller): void => {
		containers.update(containerId, (one) => one, {
			action: `exec_start: ${commandText(process)}`,
			attributes: { execID: id },
			caller,
		});
	};

	const run = async (container: Container, process: ExecProcess): Promise<ExecRun> => {
		const session = register(runningContainer(container.id), process, {});
		announceStart(session, {});
		try {
			const { shim, exec } = await launch(session, false, null);
			const output = await shim.attach({ stdin: false, stdout: true, stderr: true, execId: session.id });
			try {
				const { pid } = await exec.start();
				const ended = watch(session, pid, exec).then(() => {
					const { state } = sessions.get(session.id) ?? session;
					sessions.delete(session.id);
					return state.at === 'exited' ? state.code : 137;
				});
				return { output, ended, kill: () => exec.kill().catch(() => undefined) };
			} catch (error) {
				output.destroy();
				throw error;
			}
		} catch (error) {
			sessions.delete(session.id);
			throw error;
		}
	};

	return {
		run,
		async create(ref, process, caller) {
			const container = runningContainer(ref);
			if (process.cmd.length === 0) throw new EngineError('invalid_argument', 'No exec command specified');
			parseDetachKeys(process.detachKeys);
			return register(container, process, caller).id;
		},
		async start(id, options, caller) {
			const session = inspect(id);
			if (session.state.at === 'exited') {
				throw new EngineError('conflict', `exec command ${id} has already run`);
			}
			if (session.state.at === 'running') throw new EngineError('conflict', `exec command ${id} is already running`);
			runningContainer(session.containerId);
			announceStart(session, caller);
			const { tty } = session.process;
			if (!options.detach) return attached(session, tty, options.consoleSize, caller);
			try {
				const { exec } = await launch(session, tty, options.consoleSize);
				const { pid } = await exec.start();
				void watch(session, pid, exec);
			} catch (error) {
				failed(session, error);
				throw error;
			}
			return null;
		},
		inspect,
		async resize(id, size) {
			const session = inspect(id);
			const live = lives.get(session.containerId);
			if (session.state.at !== 'running' || live === undefined) {
				throw new EngineError('conflict', `exec ${id} is not running`);
			}
			await live.shim.resize(size, id);
		},
		idsOf(containerId) {
			return [...sessions.values()]
				.filter((one) => one.containerId === containerId && one.state.at !== 'exited')
				.map((one) => one.id);
		},
		adopt(containerId, execs) {
			for (const { id, pid, code } of execs) {
				sessions.set(id, {
					id,
					containerId,
					process: unknownProcess,
					state: code === null ? { at: 'running', pid } : { at: 'exited', code, pid },
				});
			}
		},
		forget(containerId) {
			for (const session of [...sessions.values()]) {
				if (session.containerId === containerId) sessions.delete(session.id);
			}
		},
	};
}

/** As dockerd writes it: with a space after the program, also when nothing follows. */
function commandText({ cmd: [program = '', ...args] }: ExecProcess): string {
	return `${program} ${args.join(' ')}`;
}
