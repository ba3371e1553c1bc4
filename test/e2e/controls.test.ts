import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;

beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
}, 60_000);

afterAll(() => engine.close(), 60_000);

const state = (name: string) =>
	engine.ok('inspect', '-f', '{{.State.Status}} {{.State.Paused}} {{.State.Running}}', name);

test('pause freezes the processes, unpause lets them go on', async () => {
	await engine.ok('run', '-d', '--name', 'ice', busybox, 'sh', '-c', 'while :; do echo tick; sleep 0.05; done');
	expect(await engine.ok('pause', 'ice')).toBe('ice');
	expect(await state('ice')).toBe('paused true true');
	expect(await engine.ok('ps', '--format', '{{.Status}}', '--filter', 'status=paused')).toContain('(Paused)');
	const frozen = await engine.ok('logs', 'ice');
	expect((await engine.docker('exec', 'ice', 'true')).stderr).toContain('is paused, unpause the container before exec');
	expect((await engine.docker('pause', 'ice')).stderr).toContain('already paused');
	expect(await engine.ok('logs', 'ice')).toBe(frozen);
	await engine.ok('unpause', 'ice');
	expect(await state('ice')).toBe('running false true');
	expect((await engine.docker('unpause', 'ice')).stderr).toContain('is not paused');
	await engine.ok('rm', '-f', 'ice');
}, 30_000);

test('a paused container stops, is killed and is removed by force', async () => {
	for (const [verb, ...options] of [['stop', '-t', '1'], ['kill'], ['rm', '-f']]) {
		await engine.ok('run', '-d', '--name', 'ice', busybox, 'sleep', '100');
		await engine.ok('pause', 'ice');
		await engine.ok(verb!, ...options, 'ice');
		if (verb !== 'rm') {
			expect(await engine.ok('wait', 'ice')).toBe('137');
			await engine.ok('rm', 'ice');
		}
	}
}, 30_000);

test('a paused container is still paused after a restart of the daemon', async () => {
	await engine.ok('run', '-d', '--name', 'ice', busybox, 'sleep', '100');
	await engine.ok('pause', 'ice');
	await engine.kill9();
	await engine.start();
	expect(await state('ice')).toBe('paused true true');
	await engine.ok('unpause', 'ice');
	expect(await engine.ok('exec', 'ice', 'echo', 'alive')).toBe('alive');
	await engine.ok('rm', '-f', 'ice');
}, 30_000);

test('rename: the name is free at once, and takes no other', async () => {
	await engine.ok('create', '--name', 'one', busybox, 'true');
	await engine.ok('create', '--name', 'two', busybox, 'true');
	expect((await engine.docker('rename', 'one', 'two')).stderr).toContain('is already in use by container');
	expect((await engine.docker('rename', 'one', 'one')).stderr).toContain('same name as its current name');
	expect((await engine.docker('rename', 'one', 'a b')).stderr).toContain('Invalid container name');
	await engine.ok('rename', 'one', 'three');
	await engine.ok('create', '--name', 'one', busybox, 'true');
	await engine.ok('rm', 'one', 'two', 'three');
}, 30_000);

test('top shows the processes of the container and no others', async () => {
	await engine.ok('run', '-d', '--name', 'busy', busybox, 'sh', '-c', 'sleep 101 & sleep 102; true');
	const table = await engine.ok('top', 'busy', '-o', 'pid,args');
	expect(
		table
			.trim()
			.split('\n')
			.slice(1)
			.map((line) => line.trim().replace(/^\d+\s+/, ''))
			.sort(),
	).toEqual(['sh -c sleep 101 & sleep 102; true', 'sleep 101', 'sleep 102']);
	expect((await engine.docker('top', 'busy', '-o', 'nonsense')).code).toBe(1);
	await engine.ok('kill', 'busy');
	expect((await engine.docker('top', 'busy')).stderr).toContain('is not running');
	await engine.ok('rm', 'busy');
}, 30_000);
