import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const state = (ref: string) => engine.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', ref);
const start = (name: string, script: string, ...flags: string[]) =>
	engine.ok('run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script);

test('create, start, stop, start, restart, kill, wait, rm', async () => {
	const trap = 'trap "exit 5" TERM; while true; do sleep 0.05; done';
	const id = await engine.ok('create', '--name', 'life', busybox, 'sh', '-c', trap);
	expect(await state('life')).toBe('created 0');
	await engine.ok('start', 'life');
	expect(await state('life')).toBe('running 0');
	await engine.ok('stop', 'life');
	expect(await state('life')).toBe('exited 5');
	await engine.ok('start', 'life');
	await engine.ok('restart', 'life');
	expect(await state('life')).toBe('running 0');
	const waiting = engine.ok('wait', 'life');
	await engine.ok('kill', 'life');
	expect(await waiting).toBe('137');
	expect(await engine.ok('inspect', '-f', '{{.Id}}', 'life')).toBe(id);
	await engine.ok('rm', 'life');
	expect((await engine.docker('inspect', 'life')).code).toBe(1);
});

test('stop kills what ignores the signal after its time', async () => {
	await start('deaf', 'trap "" TERM; while true; do sleep 0.05; done');
	const before = performance.now();
	await engine.ok('stop', '-t', '1', 'deaf');
	expect(performance.now() - before).toBeGreaterThan(900);
	expect(await state('deaf')).toBe('exited 137');
	await engine.ok('rm', 'deaf');
});

test('kill -s delivers that signal', async () => {
	await start('usr', 'trap "echo got; exit 6" USR1; echo ready; while true; do sleep 0.05; done');
	expect(await engine.lines(1, 'logs', '-f', 'usr')).toEqual(['ready']);
	await engine.ok('kill', '-s', 'USR1', 'usr');
	expect(await engine.ok('wait', 'usr')).toBe('6');
	expect(await engine.ok('logs', 'usr')).toContain('got');
	await engine.ok('rm', 'usr');
});

test('rm refuses a running container, rm -f does not', async () => {
	const id = await start('busy', 'sleep 60');
	const refused = await engine.docker('rm', 'busy');
	expect(refused.code).toBe(1);
	expect(refused.stderr).toMatch(/is running|running container/);
	expect(await engine.ok('rm', '-f', 'busy')).toBe('busy');
	expect(await engine.ok('ps', '-aq', '--no-trunc')).not.toContain(id);
});

test('ps: filters and formats', async () => {
	await start('one', 'sleep 60', '--label', 'tier=front');
	await start('two', 'exit 3', '--label', 'tier=back');
	await engine.ok('wait', 'two');
	const names = async (...flags: string[]) =>
		(await engine.ok('ps', ...flags, '--format', '{{.Names}}')).split('\n').sort();
	expect(await names()).toEqual(['one']);
	expect(await names('-a')).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'label=tier=back')).toEqual(['two']);
	expect(await names('-a', '--filter', 'label=tier')).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'exited=3')).toEqual(['two']);
	expect(await names('-a', '--filter', 'status=running')).toEqual(['one']);
	expect(await names('-a', '--filter', 'status=running', '--filter', 'status=exited')).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'name=^o')).toEqual(['one']);
	expect(await names('-a', '--filter', `ancestor=${busybox}`)).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'since=one')).toEqual(['two']);
	expect(await names('-a', '--filter', 'before=two')).toEqual(['one']);
	expect(await names('-n', '1')).toEqual(['two']);
	const line = await engine.ok(
		'ps',
		'-a',
		'--filter',
		'name=two',
		'--format',
		'{{.Image}}|{{.Command}}|{{.Status}}|{{.Label "tier"}}',
	);
	expect(line).toMatch(/^busybox:test\|"sh -c 'exit 3'"\|Exited \(3\) .* ago\|back$/);
	expect(await engine.ok('ps', '-aq')).toMatch(/^[0-9a-f]{12}\n[0-9a-f]{12}$/);
	expect((await engine.docker('ps', '--filter', 'no-such=1')).stderr).toMatch(/invalid filter/i);
	await engine.ok('rm', '-f', 'one', 'two');
});

test('references: id, prefix, name, with and without slash', async () => {
	const id = await start('refs', 'sleep 60');
	for (const ref of [id, id.slice(0, 12), 'refs', '/refs']) {
		expect(await engine.ok('inspect', '-f', '{{.Name}}', ref)).toBe('/refs');
	}
	await engine.ok('rm', '-f', 'refs');
});
