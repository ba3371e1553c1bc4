import { busybox, type TestEngine } from '../../support/daemon.ts';
import type { InsideRegistry } from '../../support/inside-registry.ts';
import { type Answer, type Asked, ask, targetOf } from './http.ts';

export type { Answer };
export { busybox };

/** The version that the reference describes; every path is asked under it. */
export const version = '/v1.51';

/** What scenarios stand on. */
export interface World {
	readonly engine: TestEngine;
	readonly registry: InsideRegistry;
	/** An image in the registry. */
	readonly remoteImage: string;
	/** Any request; no check but that it succeeds. */
	ask(method: string, path: string, asked?: Asked): Promise<Answer>;
	/** A container that was not started. Resolves to its id. */
	created(config?: object, name?: string): Promise<string>;
	/** One that runs: `sleep 1000` unless the config has a command. */
	running(config?: object, name?: string): Promise<string>;
	/** One that ended: it ran this, or printed `out` and `err` and ended with 3. */
	exited(script?: string): Promise<string>;
	/** An exec in it. */
	exec(container: string, config?: object): Promise<string>;
	/** Removes the containers that were made here. */
	removeAll(): Promise<void>;
}

/** Makes a world on an engine that has busybox. */
export function createWorld(engine: TestEngine, registry: InsideRegistry, remoteImage: string): World {
	const made: string[] = [];
	const world: World = {
		engine,
		registry,
		remoteImage,
		async ask(method, path, asked = {}) {
			const answer = await ask(engine.socket, method, targetOf(version + path, asked.query), asked);
			if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
			return answer;
		},
		async created(config = {}, name = '') {
			const body = { Image: busybox, Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL', ...config };
			const query = name === '' ? {} : { name };
			const answer = await world.ask('POST', '/containers/create', { query, body });
			const { Id } = JSON.parse(answer.text) as { Id: string };
			made.push(Id);
			return Id;
		},
		async running(config = {}, name = '') {
			const id = await world.created(config, name);
			await world.ask('POST', `/containers/${id}/start`);
			return id;
		},
		async exited(script = 'echo out; echo err >&2; exit 3') {
			const id = await world.created({ Cmd: ['sh', '-c', script] });
			const end = world.ask('POST', `/containers/${id}/wait`, { query: { condition: 'next-exit' } });
			await world.ask('POST', `/containers/${id}/start`);
			await end;
			return id;
		},
		async exec(container, config = {}) {
			const body = { Cmd: ['echo', 'hello'], AttachStdout: true, AttachStderr: true, ...config };
			return JSON.parse((await world.ask('POST', `/containers/${container}/exec`, { body })).text).Id;
		},
		async removeAll() {
			for (const id of made.splice(0)) {
				const { status, text } = await engine.api('DELETE', `/containers/${id}?force=1&v=1`);
				if (status >= 400 && status !== 404) throw new Error(`rm ${id}: ${text}`);
			}
		},
	};
	return world;
}
