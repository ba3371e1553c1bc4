import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { busyboxImage } from '../support/image-builder.ts';
import { type InsideRegistry, startRegistryInside } from '../support/inside-registry.ts';
import { run } from '../support/run.ts';
import { notServedPaths } from '../support/served.ts';

/**
 * Libraries that programs reach Docker with, as published: dockerode and Testcontainers in Node, docker in Python. Each
 * runs a scenario in a process of its own in the daemon's network namespace.
 */
const folder = join(import.meta.dir, 'clients');
/** Below the project, so that Node finds the packages. */
const built = join(import.meta.dir, '../../dist/clients');

describe.skipIf(engineKind === 'dockerd')('client libraries', () => {
	let engine: TestEngine;
	let registry: InsideRegistry;
	let remoteImage: string;

	beforeAll(async () => {
		engine = await startEngine();
		await engine.loadBusybox();
		registry = await startRegistryInside(engine);
		remoteImage = await registry.push(busyboxImage({ created: '2022-02-02T00:00:00Z' }), 'library/box', '1');
		const result = await Bun.build({
			entrypoints: ['dockerode', 'testcontainers'].map((name) => join(folder, `${name}.ts`)),
			target: 'node',
			format: 'esm',
			packages: 'external',
			outdir: built,
			naming: '[name].mjs',
		});
		if (!result.success) throw new AggregateError(result.logs, 'the clients cannot be built');
	});
	afterAll(async () => {
		await registry.stop();
		await engine.close();
	});

	const scenario = async (...command: string[]) => {
		const work = join(engine.work, command.at(-1)?.split('/').at(-1) ?? '');
		mkdirSync(work);
		const { argv, env } = engine.command(...command);
		const variables = {
			TEST_IMAGE: busybox,
			TEST_REMOTE_IMAGE: remoteImage,
			TEST_WORK: work,
			NOT_SERVED: notServedPaths().join(','),
			TESTCONTAINERS_RYUK_DISABLED: 'true',
			HOME: work,
			PYTHONDONTWRITEBYTECODE: '1',
		};
		const result = await run({ argv, env: { ...env, ...variables } }, { timeout: 100_000 });
		const left = result.stdout.split('\n').filter((line) => line.startsWith('left out'));
		if (left.length > 0) console.log(left.join('\n'));
		if (result.code !== 0) throw new Error(`exit ${result.code}\n${result.stdout}${result.stderr}`);
		if (!result.stdout.endsWith('all steps\n')) throw new Error(`ended early:\n${result.stdout}${result.stderr}`);
		expect(await engine.ok('ps', '-aq')).toBe('');
	};

	test('dockerode', () => scenario('node', join(built, 'dockerode.mjs')));
	test('testcontainers', () => scenario('node', join(built, 'testcontainers.mjs')));
	test('docker for Python', () => scenario('python3', join(folder, 'docker_py.py')));
});
