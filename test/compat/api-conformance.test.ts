import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { busyboxImage } from '../support/image-builder.ts';
import { type InsideRegistry, startRegistryInside } from '../support/inside-registry.ts';
import { servedPaths } from '../support/served.ts';
import { accepted } from './conformance/deviations.ts';
import { type Answer, ask, targetOf } from './conformance/http.ts';
import { type Operation, readReference, referencePath } from './conformance/reference.ts';
import type { Call, Scenarios } from './conformance/scenario.ts';
import { containerScenarios } from './conformance/scenarios-containers.ts';
import { otherScenarios } from './conformance/scenarios-others.ts';
import { compileSchemas } from './conformance/schemas.ts';
import { createWorld, version, type World } from './conformance/world.ts';

/**
 * Every operation of the Engine API's reference that Gantry serves is asked with real objects; status, content type and
 * body must be what the reference says. An operation that is served and has no scenario fails.
 */
const reference = readReference();
const scenarios: Scenarios = { ...containerScenarios, ...otherScenarios };
const runs = reference !== null && engineKind === 'gantry';
if (reference === null) console.log(`the Engine API's reference is not at ${referencePath}: conformance is not tested`);

const operations = reference?.operations ?? [];
const schemas = reference === null ? null : compileSchemas(reference);
const isServed = servedPaths();
const served = operations.filter(({ method, path }) => isServed(method, path));
const covered = new Set<string>();

/** What is wrong with an answer, by the reference. */
function faultsOf(operation: Operation, answer: Answer): string[] {
	const schema = operation.responses.get(answer.status);
	if (schema === undefined) {
		const fault = `status ${answer.status} is not declared: ${answer.text.slice(0, 200)}`;
		return accepted(operation.id, fault) ? [] : [fault];
	}
	const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
	if (answer.status >= 400) {
		if (operation.method === 'HEAD') return [];
		return type === 'application/json' ? bodyFaults(operation, answer) : [`an error as ${type}`];
	}
	if (answer.status === 204 || answer.status === 304) return answer.text === '' ? [] : ['a body'];
	const faults: string[] = [];
	const hasBody = answer.bytes.length > 0 && !type.startsWith('application/vnd.docker');
	if (hasBody && operation.produces.length > 0 && !operation.produces.includes(type))
		faults.push(`content type ${type}`);
	const isText = schema?.type === 'string' || schema === null;
	return isText || operation.method === 'HEAD' ? faults : [...faults, ...bodyFaults(operation, answer)];
}

/** A body as JSON: one value, or one a line in a stream of them. */
function bodyFaults(operation: Operation, answer: Answer): string[] {
	const schema = operation.responses.get(answer.status);
	if (schema === null || schema === undefined || schemas === null) return [];
	const check = schemas.of(schema);
	const texts = operation.id === 'SystemEvents' ? answer.text.trim().split('\n') : [answer.text];
	const faults = texts.flatMap((text) => check(JSON.parse(text)));
	return [...new Set(faults)].filter((fault) => !accepted(operation.id, fault));
}

describe.skipIf(!runs)('the Engine API by its reference', () => {
	let engine: TestEngine;
	let registry: InsideRegistry;
	let world: World;

	beforeAll(async () => {
		engine = await startEngine();
		await engine.loadBusybox();
		registry = await startRegistryInside(engine);
		world = createWorld(
			engine,
			registry,
			await registry.push(busyboxImage({ created: '2022-02-02T00:00:00Z' }), 'box', '1'),
		);
	});
	afterEach(() => world.removeAll());
	afterAll(async () => {
		await registry.stop();
		await engine.close();
		const missing = operations.filter((operation) => !served.includes(operation)).map(({ id }) => id);
		console.log(`operations covered / total: ${covered.size} / ${operations.length}\nnot served: ${missing.join(' ')}`);
	});

	const callOf =
		(operation: Operation): Call =>
		async (status, { id = '', ...asked } = {}) => {
			const path = version + operation.path.replace(/\{\w+\}/, () => id);
			const answer = await ask(engine.socket, operation.method, targetOf(path, asked.query), asked);
			expect(`${answer.status} ${answer.status === status ? '' : answer.text}`).toBe(`${status} `);
			expect(faultsOf(operation, answer)).toEqual([]);
			return answer;
		};

	for (const operation of served) {
		test(`${operation.id}: ${operation.method} ${operation.path}`, async () => {
			const scenario = scenarios[operation.id];
			if (scenario === undefined) throw new Error(`${operation.id} is served and has no scenario`);
			await scenario(callOf(operation), world);
			covered.add(operation.id);
		});
		if (!/\{(id|name)\}/.test(operation.path) || !operation.responses.has(404)) continue;
		// Says first that there is no swarm.
		if (operation.id === 'VolumeUpdate') continue;
		test(`${operation.id}: nothing by that name`, async () => {
			await callOf(operation)(404, { id: 'no-such-thing', ...unknownNeeds[operation.id] });
		});
	}

	test('every scenario is one of an operation', () => {
		const ids = new Set(operations.map(({ id }) => id));
		expect(Object.keys(scenarios).filter((id) => !ids.has(id))).toEqual([]);
	});
});

/** What an operation wants to see before it looks for the object. */
const unknownNeeds: Readonly<Record<string, Parameters<Call>[1]>> = {
	ContainerLogs: { query: { stdout: 1 } },
	ContainerRename: { query: { name: 'x' } },
	ContainerResize: { query: { h: 1, w: 1 } },
	ExecResize: { query: { h: 1, w: 1 } },
	ContainerExec: { body: { Cmd: ['true'] } },
	ContainerUpdate: { body: { CpuShares: 100 } },
	ContainerArchiveInfo: { query: { path: '/' } },
	ContainerArchive: { query: { path: '/' } },
	PutContainerArchive: { query: { path: '/' }, body: new Uint8Array(1024) },
	ContainerAttachWebsocket: {
		query: { stream: 1, stdout: 1 },
		headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
		hijack: '',
	},
	ExecStart: { body: {} },
	ImageTag: { query: { repo: 'x' } },
};
