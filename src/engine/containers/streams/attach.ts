import { EngineError } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { ByteDuplex } from '../../../lib/byte-duplex.ts';
import type { ShimAttach } from '../../../runtime/protocol.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Lives } from '../life/lives.ts';
import type { Attachment, AttachOptions } from '../service.ts';
import { parseDetachKeys, untilDetach } from './detach-keys.ts';

export interface AttachDependencies {
	readonly containers: ContainerSet;
	readonly lives: Lives;
	/** The log of a container from its start, as attach sends it. */
	readonly replay: (ref: string, options: AttachOptions, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
}

/** What joins a client with a process. */
export interface JoinOptions {
	readonly tty: boolean;
	/** Whether what the client sends is passed on at all. */
	readonly stdin: boolean;
	readonly detachKeys: Uint8Array;
	readonly onDetach: () => void;
	/** Waited for after the last output, before the client is told the end. */
	readonly beforeEnd?: () => Promise<unknown>;
}

/**
 * Joins a client with a shim's connection until the process has no more output, the client is gone, or the detach keys come.
 * The end of the client's input closes stdin and leaves the output running.
 */
export async function join(client: ByteDuplex, connection: ByteDuplex, options: JoinOptions): Promise<void> {
	let detached = false;
	const input = async (): Promise<void> => {
		const raw = client.readable;
		const source = options.tty
			? untilDetach(raw, options.detachKeys, () => {
					detached = true;
				})
			: raw;
		for await (const chunk of source) {
			if (options.stdin) await connection.write(chunk);
		}
		if (detached) {
			options.onDetach();
			connection.destroy();
			client.end();
		} else if (options.stdin) connection.end();
	};
	const output = async (): Promise<void> => {
		for await (const chunk of connection.readable) await client.write(chunk);
		if (!detached) await options.beforeEnd?.();
		client.end();
	};
	// A broken client ends the connection to the shim, and the other way round; neither is an error of the container.
	const incoming = input().catch(() => connection.destroy());
	const outgoing = output().catch(() => {
		connection.destroy();
		if (!detached) client.destroy();
	});
	void client.closed.then(() => connection.destroy());
	await outgoing;
	void incoming;
}

/** Prepares an attachment to a container in whatever state. */
export function attachContainer(
	ref: string,
	options: AttachOptions,
	caller: Caller,
	dependencies: AttachDependencies,
): Attachment {
	const { containers, lives } = dependencies;
	const container = containers.resolve(ref);
	if (container.state.at === 'removing') {
		throw new EngineError('conflict', `container ${container.name} is being removed`);
	}
	if (container.state.at === 'paused') {
		throw new EngineError('conflict', `container ${container.name} is paused, unpause the container before attach`);
	}
	const detachKeys = parseDetachKeys(options.detachKeys);
	const wanted: ShimAttach = {
		stdin: options.stdin && container.config.openStdin,
		stdout: options.stdout,
		stderr: options.stderr,
	};
	const connecting = options.stream ? connect(container.id, wanted, lives) : null;
	containers.update(container.id, (one) => one, { action: 'attach', caller });
	return {
		tty: container.config.tty,
		cancel: () => connecting?.cancel(),
		async pipe(client) {
			if (options.logs) {
				const abort = new AbortController();
				void client.closed.then(() => abort.abort());
				for await (const chunk of await dependencies.replay(container.id, options, abort.signal))
					await client.write(chunk);
			}
			if (connecting === null) {
				client.end();
				return;
			}
			void client.closed.then(() => connecting.cancel());
			const connection = await connecting.connection;
			if (connection === null) {
				client.end();
				return;
			}
			await join(client, connection, {
				tty: container.config.tty,
				stdin: wanted.stdin,
				detachKeys,
				onDetach: () => {
					if (containers.find(container.id) !== undefined) {
						containers.update(container.id, (one) => one, { action: 'detach', caller });
					}
				},
			});
		},
	};
}

/**
 * The shim's connection: now when it runs, else at its start. null when it was cancelled or never starts:
 * the start itself tells its caller why.
 */
function connect(
	id: string,
	wanted: ShimAttach,
	lives: Lives,
): { readonly connection: Promise<ByteDuplex | null>; cancel(): void } {
	const live = lives.get(id);
	let cancelled = false;
	if (live !== undefined) {
		const connection = live.shim.attach(wanted).then((one) => {
			if (!cancelled) return one;
			one.destroy();
			return null;
		});
		// `pipe` reports it; until then a failure is nobody's.
		connection.catch(() => undefined);
		return {
			connection,
			cancel() {
				cancelled = true;
			},
		};
	}
	const { promise, resolve } = Promise.withResolvers<ByteDuplex | null>();
	const withdraw = lives.enqueue(id, {
		options: wanted,
		settle(outcome) {
			if ('error' in outcome) resolve(null);
			else if (cancelled) {
				outcome.connection.destroy();
				resolve(null);
			} else resolve(outcome.connection);
		},
	});
	return {
		connection: promise,
		cancel() {
			cancelled = true;
			withdraw();
			resolve(null);
		},
	};
}
